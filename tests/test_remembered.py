"""What is known of words is remembered, and nothing else."""

from roadworthy import remembered
from roadworthy.remembered import LONGEST_WORD, Remembered


def counted():
    asked = []
    return asked, Remembered(lambda word: asked.append(word) or len(word))


def test_a_word_is_worked_out_once():
    asked, known = counted()
    assert [known["order"], known["order"], known["it"]] == [5, 5, 2]
    assert asked == ["order", "it"]


def test_neither_giant_pieces_nor_numbers_are_held():
    asked, known = counted()
    for piece in ("x" * (LONGEST_WORD + 1), "48213", "no12") * 2:
        assert known[piece] == len(piece)
    assert len(asked) == 6
    assert not known


def test_what_is_held_is_bounded(monkeypatch):
    monkeypatch.setattr(remembered, "_MOST", 100)
    _, known = counted()
    sizes = [len(known) for i in range(1_000) if known[f"a{i}x"]]
    assert max(sizes) == 100
    assert known["a0x"] == 3
