"""Every bad input ends with exit code 2, one line that says what is wrong, and nothing half-written."""

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .conftest import Run

PAIR = "pickles:vectorizer.pkl,model.pkl"
RIGHT = "python:cli_models:right"
INSPECT = ("--no-track", "--out", "out", "--suite", "quick", "--allow-pickle")
TRAIN = ("--no-track", "--out", "out")


@dataclass(frozen=True)
class Bad:
    """A command that cannot run: files beside the usual ones, and what its one line holds."""

    what: str
    arguments: tuple[str, ...]
    said: str
    given: dict[str, bytes] = field(default_factory=dict)


def jsonl(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


LABELLED = {"text": "fine", "label": "order"}
# What is wrong with a file of messages: its name, its content, and what is said of it.
TEXT_FILES = [
    ("missing file", "missing.csv", None, "missing.csv: no such file; check the path"),
    ("empty file", "bad.csv", b"", "bad.csv: empty file; give a header line and at least one message"),
    ("empty JSON Lines", "bad.jsonl", b"\n", "bad.jsonl: empty file; give at least one message"),
    (
        "no text column",
        "bad.csv",
        b"foo,bar\nx,y\n",
        "bad.csv: no text column among: 'foo', 'bar'; name it with --text",
    ),
    ("empty text", "bad.csv", b"text,label\nx,a\n,b\n", "bad.csv: row 2: the text is empty; drop or fill these rows"),
    ("blank text", "bad.csv", b'text,label\n" \t",a\nx,b\n', "bad.csv: row 1: the text is empty"),
    ("null text", "bad.jsonl", jsonl({"text": None, "label": "a"}, LABELLED), "bad.jsonl: row 1: the text is empty"),
    (
        "number as text",
        "bad.jsonl",
        jsonl({"text": 5, "label": "a"}, LABELLED),
        "row 1: the text is not a string (int)",
    ),
    ("list as text", "bad.jsonl", jsonl({"text": ["a"], "label": "a"}), "row 1: the text is not a string (list)"),
    (
        "half a character",
        "bad.jsonl",
        jsonl({"text": "\ud83d", "label": "a"}),
        "row 1: the text holds half a surrogate",
    ),
    ("not UTF-8", "bad.csv", "text,label\ncafé,a\n".encode("latin-1"), "bad.csv: not UTF-8 (byte 14"),
    ("UTF-16", "bad.csv", "text,label\nx,a\n".encode("utf-16"), "bad.csv: not UTF-8 (byte 0"),
    ("too many cells", "bad.csv", b"text,label\nx,a,b\n", "bad.csv: not a readable table: "),
    ("an open quote", "bad.csv", b'text,label\n"x,a\n', "bad.csv: not a readable table: EOF inside string"),
    ("broken JSON", "bad.json", b"[{", "bad.json: not JSON: "),
    ("broken JSON line", "bad.jsonl", b'{"text": "x"}\n{', "bad.jsonl: line 2 is not JSON: "),
    ("broken Parquet", "bad.parquet", b"PAR1", "bad.parquet: "),
]
LABELLED_FILES = [
    *TEXT_FILES,
    ("unknown format", "bad.doc", b"x", "bad.doc: unknown format '.doc'; use one of .arrow, .csv, .feather"),
    ("header only", "bad.csv", b"text,label\n", "bad.csv: no rows; give a file with at least one message"),
    ("no label column", "bad.csv", b"text,tag\nx,y\n", "no label column among: 'text', 'tag'; name it with --label"),
    ("empty label", "bad.csv", b"text,label\nx,a\ny\n", "bad.csv: row 2: the label is empty; drop or fill these rows"),
    (
        "single class",
        "bad.csv",
        b"text,label\nx,a\ny,a\n",
        "a single class ('a'); give messages of at least two classes",
    ),
    (
        "several labels",
        "bad.jsonl",
        jsonl({"text": "x", "label": ["a", "b"]}, LABELLED),
        "bad.jsonl: row 1: several labels for one message; give one label a message (multi-label is not supported)",
    ),
]


def about_files() -> list[Bad]:
    found = []
    for what, name, content, said in LABELLED_FILES:
        given = {} if content is None else {name: content}
        found.append(Bad(f"train: {what}", ("train", name, *TRAIN), said, given))
        found.append(Bad(f"inspect: {what}", ("inspect", PAIR, name, *INSPECT), said, given))
    for what, name, content, said in TEXT_FILES:
        given = {} if content is None else {name: content}
        real = ("inspect", PAIR, "clean.csv", "--real", name, *INSPECT)
        found.append(Bad(f"inspect --real: {what}", real, said, given))
        perturb = ("perturb", name, "--family", "typos", "--out", "out/a.csv")
        found.append(Bad(f"perturb: {what}", perturb, said, given))
        if "the text is empty" not in said:
            found.append(Bad(f"predict: {what}", ("predict", RIGHT, name, "--out", "out/a.csv"), said, given))
    return found


def inspect(what: str, model: str, said: str, *options: str, given: dict[str, bytes] | None = None) -> Bad:
    return Bad(what, ("inspect", model, "clean.csv", *INSPECT, *options), said, given or {})


def wrap(what: str, model: str, said: str, *options: str) -> Bad:
    return Bad(f"wrap: {what}", ("wrap", model, "clean.csv", *TRAIN, *options), said)


OOS = b"text,label\nwhere is it,order\ntell me a joke,none\n"
CASES = [
    *about_files(),
    Bad(
        "labels unknown to the model",
        ("inspect", PAIR, "odd.csv", *INSPECT),
        "odd.csv: 1 message has labels that the model does not know: 'none'; name an out-of-scope label with",
        {"odd.csv": OOS},
    ),
    inspect(
        "out-of-scope labels without --oos-label",
        PAIR,
        "real.csv: 1 message has labels that the model does not know: 'none'; name an out-of-scope label with",
        "--real",
        "real.csv",
        given={"real.csv": OOS},
    ),
    inspect("no common label", "python:cli_models:other", "the model answers 'spam', the data are labelled 'order'"),
    inspect("wrong shape", "python:cli_models:wrong_shape", "predict_proba gave shape ("),
    inspect("NaN", "python:cli_models:nan", "NaN or infinite probabilities for "),
    inspect(
        "raises", "python:cli_models:raises", "python:cli_models:raises: raised ValueError: two lines on a batch of"
    ),
    inspect("exits", "python:cli_models:exits", "raised SystemExit: 0 on a batch of"),
    inspect("too few answers", "python:cli_models:too_few", "return one answer a message"),
    inspect("no such module", "python:no_such_module:f", "does not import (ModuleNotFoundError: No module named"),
    inspect("no such function", "python:cli_models:none", "does not import (AttributeError: "),
    inspect("no function", "python:cli_models:number", "python:cli_models:number: a int is not a classifier; give"),
    inspect("half a spec", "python:cli_models", "no module and function; write python:module:function"),
    inspect("no adapter", "model", "model: no adapter fits this spec; give a folder written by"),
    inspect("no such model", "model.skops", "model.skops: no such file; check the path"),
    inspect("broken pickle", "bad.pkl", "bad.pkl: does not load (", given={"bad.pkl": b"nonsense"}),
    inspect("empty pickle", "bad.pkl", "bad.pkl: does not load (EOFError)", given={"bad.pkl": b""}),
    inspect("broken skops", "bad.skops", "bad.skops: does not load (", given={"bad.skops": b"nonsense"}),
    inspect("swapped pair", "pickles:model.pkl,vectorizer.pkl", "give the vectorizer first, then the model"),
    inspect(
        "another pair", "pickles:vectorizer.pkl,other_model.pkl", "features, the model was trained on 3; give the two"
    ),
    inspect("one pickle", "pickles:model.pkl", "not two files; write pickles:vectorizer.pkl,model.pkl"),
    inspect(
        "unknown suite", PAIR, "no suite 'huge'; use one of quick, standard, full, or a .toml file", "--suite", "huge"
    ),
    inspect("missing suite", PAIR, "my.toml: no such file", "--suite", "my.toml"),
    inspect(
        "unknown family in a suite",
        PAIR,
        "no perturbation or family 'rude'",
        *("--suite", "my.toml"),
        given={"my.toml": b'families = ["rude"]'},
    ),
    inspect(
        "severity 6 in a suite",
        PAIR,
        "severity 6; give 1 (mild) to 5 (heavy)",
        *("--suite", "my.toml"),
        given={"my.toml": b"severities = [6]"},
    ),
    inspect(
        "no such kind column", PAIR, "no column 'sort' among: 'text', 'label'", "--real", "clean.csv", "--kind", "sort"
    ),
    inspect(
        "no such text column", PAIR, "no column 'said' among: 'text', 'label'; name it with --text", "--text", "said"
    ),
    inspect("no such training file", PAIR, "missing.csv: no such file", "--train", "missing.csv"),
    inspect("a sample of nothing", PAIR, "Invalid value for '--sample'", "--sample", "0"),
    inspect("unwritable output", PAIR, "clean.csv/out: cannot be written (", "--out", "clean.csv/out"),
    inspect("a file as output", PAIR, "clean.csv: cannot be written (", "--out", "clean.csv"),
    Bad(
        "pickles without --allow-pickle",
        ("inspect", PAIR, "clean.csv", "--no-track", "--out", "out"),
        "vectorizer.pkl: a pickle runs any code that its author put into it when it is loaded; if you trust it",
    ),
    Bad(
        "a pickle without --allow-pickle",
        ("inspect", "pipeline.pkl", "clean.csv", "--no-track", "--out", "out"),
        "pipeline.pkl: a pickle runs any code",
    ),
    Bad(
        "train: unwritable output",
        ("train", "clean.csv", "--no-track", "--out", "clean.csv/out"),
        "cannot be written (",
    ),
    Bad(
        "train: unknown recipe", ("train", "clean.csv", *TRAIN, "--recipe", "magic"), "no recipe 'magic'; use --recipe"
    ),
    Bad(
        "train: options of another recipe",
        ("train", "clean.csv", *TRAIN, "--recipe", "notebook", "--flag-rate", "0.2", "--oos-label", "x"),
        "the recipe notebook knows no --oos-label, --flag-rate; leave it out, or use --recipe hardened",
    ),
    Bad(
        "train: a seed for the notebook",
        ("train", "clean.csv", *TRAIN, "--recipe", "notebook", "--seed", "0"),
        "the recipe notebook knows no --seed",
    ),
    Bad("train: too few messages", ("train", "clean.csv", *TRAIN), "6 messages are too few for a flag rate of 10%"),
    Bad(
        "train: no such flag rate",
        ("train", "clean.csv", *TRAIN, "--flag-rate", "10"),
        "a flag rate of 10; give a share between 0 and 1",
    ),
    Bad(
        "train: no such out-of-scope label",
        ("train", "clean.csv", *TRAIN, "--oos-label", "none"),
        "clean.csv: no message is labelled 'none'; leave --oos-label out",
    ),
    Bad(
        "train: no such encoder",
        ("train", "clean.csv", *TRAIN, "--encoder", "./missing"),
        "missing",
    ),
    Bad(
        "train: a folder of other things",
        ("train", "clean.csv", "--no-track", "--out", "."),
        ".: is there, and is no artifact; name another folder with --out",
    ),
    Bad("train: a file as output", ("train", "clean.csv", "--no-track", "--out", "clean.csv"), "clean.csv: is there"),
    Bad(
        "train: no words",
        ("train", "bad.csv", *TRAIN, "--recipe", "notebook"),
        "bad.csv: no message holds a word of two letters or more",
        {"bad.csv": b"text,label\nx,a\ny,b\n"},
    ),
    wrap("no such model", "model.skops", "model.skops: no such file; check the path"),
    wrap("an unallowed pickle", PAIR, "vectorizer.pkl: a pickle runs any code that its author put into it"),
    wrap("too few messages", RIGHT, "6 messages are too few for a flag rate of 10%", "--seen"),
    wrap("no common label", "python:cli_models:other", "answers 'spam', the messages are labelled 'order', 'refund'"),
    wrap("a model that raises", "python:cli_models:raises", "raised ValueError: two lines on a batch of"),
    wrap("no such flag rate", RIGHT, "a flag rate of 0; give a share between 0 and 1", "--flag-rate", "0"),
    wrap("no such label column", RIGHT, "no column 'said' among: 'text', 'label'", "--label", "said"),
    wrap("a file as output", RIGHT, "clean.csv: is there, and is no artifact", "--out", "clean.csv"),
    wrap("unwritable output", RIGHT, "clean.csv/out: cannot be written (", "--out", "clean.csv/out"),
    Bad("predict: nothing", ("predict", RIGHT), "nothing to answer; give a file of messages, or one message with -m"),
    Bad("predict: twice", ("predict", RIGHT, "-m", "hi", "-m", "ho"), "2 messages with -m; give one, or a file"),
    Bad("predict: two things", ("predict", RIGHT, "clean.csv", "-m", "hi"), "clean.csv: a file and -m; give either"),
    Bad(
        "predict: --out for a message",
        ("predict", RIGHT, "-m", "", "--out", "a.csv"),
        "--out goes with a file of messages; leave it out",
    ),
    Bad("predict: --text for a message", ("predict", RIGHT, "-m", "hi", "--text", "said"), "--text goes with a file"),
    Bad("predict: broken message", ("predict", RIGHT, "-m", "hi \udcff"), "the message: row 1: the text holds half a"),
    Bad("predict: unknown format", ("predict", RIGHT, "bad.doc"), "bad.doc: unknown format '.doc'; use one of .arrow"),
    Bad(
        "predict: unknown format to write",
        ("predict", RIGHT, "clean.csv", "--out", "a.xlsx"),
        "a.xlsx: unknown format '.xlsx'; give --out a name that ends in one of .csv, .tsv, .json, .jsonl, .parquet",
    ),
    Bad(
        "predict: unwritable",
        ("predict", RIGHT, "clean.csv", "--out", "clean.csv/a.csv"),
        "clean.csv: cannot be written (",
    ),
    Bad("predict: header only", ("predict", RIGHT, "bad.csv"), "bad.csv: no messages; give", {"bad.csv": b"text\n"}),
    Bad("predict: no such column", ("predict", RIGHT, "clean.csv", "--text", "said"), "no column 'said' among: 'text'"),
    Bad(
        "predict: no adapter", ("predict", "missing", "clean.csv"), "missing: no adapter fits this spec; give a folder"
    ),
    Bad(
        "predict: no artifact",
        ("predict", ".", "clean.csv"),
        ".: holds no roadworthy.json, and no MLmodel; give a folder written by",
    ),
    Bad("predict: an unallowed pickle", ("predict", PAIR, "-m", "hi"), "vectorizer.pkl: a pickle runs any code"),
    Bad("predict: a model that raises", ("predict", "python:cli_models:raises", "clean.csv"), "raised ValueError: two"),
    Bad(
        "predict: broken unicode in another column",
        ("predict", RIGHT, "bad.jsonl", "--out", "out/a.jsonl"),
        "a column beside the messages holds half a surrogate pair; drop or mend these rows",
        {"bad.jsonl": jsonl({"text": "x", "note": "\ud83d"})},
    ),
    Bad("perturb: severity 0", ("perturb", "hello there", "--severity", "0"), "severity 0; give 1 (mild) to 5 (heavy)"),
    Bad("perturb: severity 6", ("perturb", "hello there", "--severity", "6"), "severity 6; give 1 (mild) to 5 (heavy)"),
    Bad("perturb: no number", ("perturb", "hello", "--severity", "x"), "Invalid value for '--severity'"),
    Bad(
        "perturb: unknown family",
        ("perturb", "hello", "--family", "rude"),
        "no perturbation or family 'rude'; families",
    ),
    Bad("perturb: no family", ("perturb", "clean.csv"), "clean.csv: no family; name one with --family: typos"),
    Bad("perturb: header only", ("perturb", "bad.csv", "--family", "typos"), "no messages", {"bad.csv": b"text\n"}),
    Bad(
        "perturb: unwritable",
        ("perturb", "clean.csv", "--family", "typos", "--out", "clean.csv/a.csv"),
        "cannot be written",
    ),
    Bad(
        "perturb: no CSV", ("perturb", "clean.csv", "--family", "typos", "--out", "a.jsonl"), "a.jsonl: what is written"
    ),
    Bad(
        "perturb: --out for a message",
        ("perturb", "hello", "--out", "out"),
        "--out goes with a file of messages; leave",
    ),
    Bad("perturb: empty message", ("perturb", " "), "the message is empty; write one, or give a file of messages"),
    Bad(
        "perturb: broken message", ("perturb", "hi \udcff"), "the message: row 1: the text holds half a surrogate pair"
    ),
    Bad("serve: no model there", ("serve", "."), ".: holds no roadworthy.json, and no MLmodel; give a folder"),
    Bad("serve: nothing to serve", ("serve",), "no model; name one: roadworthy serve MODEL, ROADWORTHY_MODEL"),
    Bad(
        "serve: naive with more", ("serve", ".", "--naive", "--workers", "2"), "only --host, --port and --allow-pickle"
    ),
    Bad("serve: no keys", ("serve", ".", "--host", "0.0.0.0"), "host 0.0.0.0: whoever reaches it could ask"),
    Bad("serve: no such policy", ("serve", ".", "--flagged", "hide"), "flagged: Input should be 'answer', 'refuse' or"),
    Bad("serve: route nowhere", ("serve", ".", "--flagged", "route"), "no label to route flagged messages to; give"),
    Bad(
        "key: no such scope", ("key", "a", "--scope", "all"), "no scope is called 'all'; give one of predict, feedback"
    ),
    Bad("serve: not allowed", ("serve", ".", "--naive"), "the story's API loads two pickles, which run code"),
    Bad(
        "serve: no model", ("serve", "none", "--naive", "--allow-pickle"), "none/vectorizer.pkl: no such file; train it"
    ),
    Bad(
        "serve: broken model",
        ("serve", ".", "--naive", "--allow-pickle"),
        "model.pkl: does not load (",
        {"model.pkl": b"nonsense"},
    ),
    Bad(
        "serve: no such port",
        ("serve", ".", "--port", "70000"),
        "port: Input should be less than or equal to 65535, not 70000; see --port",
    ),
    Bad("track: no folder", ("track", "none"), "none: no inspection.json; give a folder written by roadworthy inspect"),
    Bad("unknown command", ("fly",), "No such command 'fly'; see roadworthy --help"),
    Bad("unknown option", ("train", "clean.csv", "--fast"), "see roadworthy train --help"),
    Bad("no argument", ("train",), "see roadworthy train --help"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_bad_input_is_said_in_one_line(run: Run, folder: Path, case: Bad) -> None:
    for name, content in case.given.items():
        (folder / name).write_bytes(content)
    before = sorted(folder.rglob("*"))
    ended = run(*case.arguments)
    # The size of the work is announced before the model is asked, and may turn out to be too much for it.
    *announced, line = ended.err.splitlines()
    assert ended.code == 2
    assert line.startswith("roadworthy: ")
    assert case.said in line
    assert "internal error" not in line
    assert all("predictions, identical texts only once" in each for each in announced)
    assert ended.out == ""
    assert sorted(folder.rglob("*")) == before


def test_every_case_has_a_name_of_its_own() -> None:
    assert [what for what, same in itertools.groupby(sorted(case.what for case in CASES)) if len(list(same)) > 1] == []
