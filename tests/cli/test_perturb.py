"""`roadworthy perturb`: one message, or a file that keeps everything else."""

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from roadworthy.perturbations import families, perturb
from roadworthy.tables import read_frame

from .conftest import Run

MESSAGE = "Where is my order, please?"


def test_one_message_is_shown_in_every_family(run: Run) -> None:
    ended = run("perturb", MESSAGE, "--seed", "3")
    names = [line.split("  ")[0].strip() for line in ended.out.splitlines()]
    assert (ended.code, ended.err, names) == (0, "", list(families()))
    assert all(perturb(MESSAGE, name, seed=3) in ended.out for name in names)


def test_one_message_by_one_perturbation_is_printed_alone(run: Run) -> None:
    assert run("perturb", MESSAGE, "--family", "all_lowercase").out == "where is my order, please?\n"


def test_one_message_that_stays_as_it_is_is_said_to_and_why(run: Run) -> None:
    strange = run("perturb", "Wo ist meine Bestellung?", "--family", "hinglish_sentences")
    assert (strange.code, strange.out) == (0, "Wo ist meine Bestellung?\n")
    assert strange.err == "Unchanged (not applicable).\n"
    assert "nothing to change" in run("perturb", "where is it", "--family", "all_lowercase").err
    assert run("perturb", "Where is it", "--family", "all_lowercase").err == ""


def test_one_message_as_json(run: Run) -> None:
    found = json.loads(run("perturb", MESSAGE, "--json", "--severity", "5").out)
    assert found == {name: perturb(MESSAGE, name, severity=5) for name in families()}


@pytest.mark.parametrize("message", ["मेरा ऑर्डर कहाँ है " * 20, "x" * 5_000, "what about a.txt", "no/such/file"])
def test_what_is_no_file_is_a_message(run: Run, folder: Path, message: str) -> None:
    assert run("perturb", message, "--family", "repeated_punctuation").code == 0


@pytest.mark.parametrize("name", [".", "messages.txt"])
def test_a_folder_is_no_message(run: Run, folder: Path, name: str) -> None:
    (folder / "messages.txt").mkdir()
    ended = run("perturb", name, "--family", "typos")
    assert (ended.code, ended.out) == (2, "")
    assert f"{name}: a folder; name a file in it, or give a message" in ended.err


def test_a_profile_says_which_messages_it_does_not_cover(run: Run, folder: Path) -> None:
    (folder / "a.csv").write_text("text\nwhere is it\nгде мой заказ\n🙂\n")
    ended = run("perturb", "a.csv", "--profile", "non_native", "--severity", "5")
    assert "(2 not applicable)" in ended.err


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ('{"schema_version": 2, "name": "x"}', "schema_version 2: this Roadworthy reads 1; another one wrote it"),
        ('{"schema_version": 1, "name": "x"}', "a profile without steps and slips changes nothing"),
    ],
)
def test_a_profile_that_cannot_be_used_is_refused(run: Run, folder: Path, document: str, said: str) -> None:
    (folder / "p.json").write_text(document)
    ended = run("perturb", MESSAGE, "--profile", "p.json")
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_a_file_of_any_name_is_a_file(run: Run, folder: Path) -> None:
    (folder / "messages").write_text("text\nhello\n")
    ended = run("perturb", "messages", "--family", "typos")
    assert (ended.code, ended.out) == (2, "")
    assert "unknown format '(no suffix)'" in ended.err


def test_a_file_keeps_its_rows_order_and_columns(run: Run, folder: Path) -> None:
    (folder / "a.csv").write_text("id,text,label,clean_text\n007,Where is It?,,mine\n1e5,где мой заказ,NA,\n")
    ended = run("perturb", "a.csv", "--family", "all_lowercase")
    assert list(csv.reader(io.StringIO(ended.out))) == [
        ["id", "text", "label", "input_clean_text", "clean_text"],
        ["007", "where is it?", "", "mine", "Where is It?"],
        ["1e5", "где мой заказ", "NA", "", "где мой заказ"],
    ]
    assert ended.err == "1 of 2 messages changed (0 not applicable).\n"


def test_a_message_in_a_language_that_is_not_covered_stays_and_is_counted(run: Run, folder: Path) -> None:
    (folder / "a.csv").write_text("text\nгде мой заказ\n")
    ended = run("perturb", "a.csv", "--family", "texting")
    assert ended.out == "text,clean_text\nгде мой заказ,где мой заказ\n"
    assert ended.err == "0 of 1 message changed (1 not applicable).\n"


def test_a_text_column_called_clean_text_is_kept_beside_it(run: Run, folder: Path) -> None:
    (folder / "a.csv").write_text("clean_text\nHello There\n")
    ended = run("perturb", "a.csv", "--family", "all_lowercase", "--text", "clean_text")
    assert ended.out == "input_clean_text,clean_text\nhello there,Hello There\n"


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".feather"])
def test_other_formats_are_read_too(run: Run, folder: Path, suffix: str) -> None:
    frame = pd.DataFrame({"message": ["Hello There", "GOOD bye"], "n": [1, 2]})
    file = folder / f"a{suffix}"
    if suffix == ".jsonl":
        frame.to_json(file, orient="records", lines=True)
    else:
        frame.to_parquet(file) if suffix == ".parquet" else frame.to_feather(file)
    found = json.loads(run("perturb", file, "--family", "all_lowercase", "--json").out)
    assert found == [
        {"message": "hello there", "n": 1, "clean_text": "Hello There"},
        {"message": "good bye", "n": 2, "clean_text": "GOOD bye"},
    ]


@pytest.mark.parametrize("text", ["A\rb c", "A\r\nb c", "A\nb c", 'A "b" c', "A, b c", " A b "])
def test_what_is_written_reads_back_as_it_was(run: Run, folder: Path, text: str) -> None:
    (folder / "a.jsonl").write_text(json.dumps({"text": text, "n": 1.5}))
    ended = run("perturb", "a.jsonl", "--family", "all_lowercase", "--out", "new/b.csv")
    assert (ended.code, ended.out) == (0, "")
    assert read_frame(folder / "new/b.csv").to_dict("records") == [
        {"text": text.lower(), "n": "1.5", "clean_text": text}
    ]


def test_with_json_the_written_file_is_named(run: Run, folder: Path) -> None:
    ended = run("perturb", "clean.csv", "--family", "caps_lock", "--out", "b.csv", "--json")
    assert json.loads(ended.out) == {"out": "b.csv", "rows": 6, "changed": 6}
    assert len(read_frame(folder / "b.csv")) == 6


@pytest.mark.parametrize("out", ["a.csv", "./a.csv"])
def test_the_file_that_is_read_is_never_written(run: Run, folder: Path, out: str) -> None:
    (folder / "a.csv").write_text("text\nWhere is it?\n")
    ended = run("perturb", "a.csv", "--family", "typos", "--out", out)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "roadworthy: a.csv: is read, and would be lost; give --out another name\n"
    assert (folder / "a.csv").read_text() == "text\nWhere is it?\n"


def test_the_same_seed_gives_the_same_file(run: Run, folder: Path) -> None:
    first, again, other = (run("perturb", "clean.csv", "--family", "typos", "--seed", seed).out for seed in (1, 1, 2))
    assert first == again != other
