import sys

import pytest

from roadworthy.errors import DataError, PerturbationError
from roadworthy.perturbations import (
    Perturbation,
    families,
    find,
    perturb,
    perturb_all,
    perturbation,
    register,
    registry,
)


@pytest.fixture
def own_registry(monkeypatch):
    """A copy of the registry, and entry points looked for again, before and after."""
    registry.load_entry_points()
    monkeypatch.setattr(registry, "REGISTRY", dict(registry.REGISTRY))
    registry.load_entry_points.cache_clear()
    yield
    registry.load_entry_points.cache_clear()


def shout(text, severity, draw):
    """Everything in capitals."""
    return text.upper()


def test_a_decorated_function_is_registered_under_its_name(own_registry):
    @perturbation("regional", languages=["de"], weight=2)
    def swiss_spelling(text, severity, draw):
        """No sharp s."""
        return text.replace("ß", "ss")

    (found,) = families()["regional"]
    assert (found.name, found.languages, found.weight) == ("swiss_spelling", ("de",), 2)
    assert perturb("ich weiß nicht, wo die Straße ist", "regional") == "ich weiss nicht, wo die Strasse ist"


def test_registering_the_same_one_twice_is_harmless(own_registry):
    one = Perturbation("shout", "loud", shout)
    assert register(one) is register(one)


@pytest.mark.parametrize(
    ("name", "family", "said"),
    [
        ("shorthand", "loud", "two perturbations are called 'shorthand'"),
        ("typos", "loud", "'typos' is the name of a family"),
        ("loud", "loud", "'loud' is the name of a family"),
        ("shout", "shorthand", "'shorthand' is the name of a perturbation"),
    ],
)
def test_names_that_would_be_ambiguous_are_refused(own_registry, name, family, said):
    with pytest.raises(PerturbationError, match=said):
        register(Perturbation(name, family, shout))


def test_find_gives_one_or_the_whole_family():
    assert [found.name for found in find("shorthand")] == ["shorthand"]
    assert len(find("typos")) > 5


def test_an_unknown_name_is_answered_with_the_families():
    with pytest.raises(PerturbationError, match="no perturbation or family 'typoes'; families are typos, texting"):
        perturb("where is it", "typoes")


@pytest.mark.parametrize("severity", [0, 6, -1, True, 2.5, "3", None])
def test_a_severity_is_an_integer_from_one_to_five(severity):
    with pytest.raises(PerturbationError, match=r"severity .*; give 1 \(mild\) to 5 \(heavy\)"):
        perturb("where is it", "typos", severity=severity)


@pytest.mark.parametrize("texts", [None, 7, [None], ["where is it", 1.5], [["where is it"]]])
def test_what_is_no_text_is_refused(texts):
    with pytest.raises(DataError, match="the messages to perturb: row .*the text is not a string"):
        perturb(texts, "typos")


def test_what_changes_many_in_one_go_gives_as_many():
    short = Perturbation("short", "own", lambda text, severity, draw: text, ("any",), change_all=lambda texts, *_: [])
    with pytest.raises(PerturbationError, match="perturbation short: gave 0 texts for 1; return one for each"):
        short("where is it")


def test_messages_of_several_stretches_come_out_the_same(monkeypatch):
    texts = [f"where is my order, and when does parcel {number} arrive" for number in range(5)]
    in_one = perturb(texts, "typos")
    monkeypatch.setattr(registry, "STRETCH", 2)
    assert perturb(texts, "typos") == in_one


def test_one_message_or_many_in_any_order_come_out_the_same():
    texts = ["Where is my parcel?", "I want my money back.", "The app does not open."]
    together = perturb(texts, "typos", severity=4, seed=3)
    assert together == [perturb(text, "typos", severity=4, seed=3) for text in texts]
    assert perturb(texts[::-1], "typos", severity=4, seed=3) == together[::-1]
    assert perturb(tuple(texts), "typos", severity=4, seed=3) == together


def test_a_message_in_another_language_stays_and_is_not_applicable():
    texts = ["Where is my parcel?", "¿Dónde está mi pedido? No lo veo.", "मेरा ऑर्डर कहाँ है", "12345"]
    result = perturb_all(texts, "mixed_languages")
    assert result.applicable == [True, False, False, False]
    assert result.changed == [True, False, False, False]
    assert result.texts[1:] == texts[1:]


def test_latin_script_is_enough_for_slips_of_the_fingers():
    assert perturb_all(["¿Dónde está mi pedido? No lo veo.", "где мой заказ"], "dropped_letter").applicable == [
        True,
        False,
    ]


def test_any_language_has_punctuation():
    assert perturb_all(["где мой заказ?", "我的订单在哪里？"], "punctuation").applicable == [True, True]


def test_a_family_tries_its_next_member_where_one_changes_nothing():
    texts = [f"ok {n}" for n in range(30)]
    assert all(perturb_all(texts, "casing").changed)
    assert not any(perturb_all(["12", "?!"], "casing").changed)


def test_a_family_draws_each_of_its_members(own_registry):
    for name in ("aaa", "bbb", "ccc"):
        register(Perturbation(name, "marks", lambda text, severity, draw, name=name: f"{text} {name}"))
    ends = {perturb(f"message {n}", "marks")[-3:] for n in range(60)}
    assert ends == {"aaa", "bbb", "ccc"}


def test_members_are_drawn_by_their_weights(own_registry):
    for name, weight in (("rare", 1), ("often", 4)):
        register(Perturbation(name, "marks", lambda text, severity, draw, name=name: f"{text} {name}", weight=weight))
    ends = [perturb(f"message {n}", "marks").split()[-1] for n in range(500)]
    assert 370 < ends.count("often") < 430


def test_a_member_that_changes_nothing_leaves_its_share_to_the_others(own_registry):
    register(Perturbation("idle", "marks", lambda text, severity, draw: text, weight=50))
    register(Perturbation("spanish", "marks", lambda text, severity, draw: "es", languages=("es",), weight=50))
    for name, weight in (("rare", 1), ("often", 4)):
        register(Perturbation(name, "marks", lambda text, severity, draw, name=name: f"{text} {name}", weight=weight))
    ends = [perturb(f"message {n}", "marks").split()[-1] for n in range(500)]
    assert set(ends) == {"rare", "often"}
    assert 370 < ends.count("often") < 430


def test_however_a_name_is_written_the_messages_are_the_same():
    assert perturb("Where is my parcel?", "Dropped Letter") == perturb("Where is my parcel?", "dropped_letter")
    assert perturb("Where is my parcel?", "Mixed-Languages") == perturb("Where is my parcel?", "mixed_languages")


def test_a_member_called_by_itself_gives_what_its_name_gives():
    (member,) = find("dropped_letter")
    assert member("Where is my parcel?", severity=4, seed=3) == perturb(
        "Where is my parcel?", "dropped_letter", severity=4, seed=3
    )


def install(tmp_path, monkeypatch, value):
    """A distribution made of nothing but metadata and one module."""
    info = tmp_path / "regional_noise-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: regional-noise\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[roadworthy.perturbations]\nregional = {value}\n")
    (tmp_path / "regional_noise.py").write_text(
        "from roadworthy.perturbations import Perturbation\n"
        "def _change(text, severity, draw):\n    'No sharp s.'\n    return text.replace('ß', 'ss')\n"
        "swiss = Perturbation('swiss_spelling', 'regional', _change, ('any',))\nbroken = 'a string'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "regional_noise", raising=False)


def test_an_installed_package_adds_a_perturbation(own_registry, tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, "regional_noise:swiss")
    assert [member.name for member in families()["regional"]] == ["swiss_spelling"]
    assert perturb("Straße", "regional") == "Strasse"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("regional_noise:broken", "is not a Perturbation; point it at a Perturbation"),
        ("regional_noise:missing", "does not load: .*; mend or uninstall that package"),
        ("no_such_module_here:x", "does not load: .*no_such_module_here"),
    ],
)
def test_a_broken_entry_point_is_named(own_registry, tmp_path, monkeypatch, value, said):
    install(tmp_path, monkeypatch, value)
    with pytest.raises(PerturbationError, match=rf"entry point regional \({value}\): {said}"):
        families()
