"""`roadworthy key`: the key is shown once, on stdout alone."""

import json
from pathlib import Path

import pytest

from roadworthy.serve.keys import read_keys

from .conftest import Run

pytestmark = pytest.mark.usefixtures("folder")


def test_the_key_is_all_that_is_printed_and_is_good_for_asking(run: Run) -> None:
    ended = run("key", "shop")
    assert ended.code == 0
    assert read_keys(Path("keys.json")).find(ended.out.removesuffix("\n")).scopes == ("predict",)
    assert ended.err == "shown only now; its hash is in keys.json, good for predict\n"


def test_scopes_are_given_one_by_one(run: Run) -> None:
    ended = run(
        "key", "ops", "--scope", "admin", "--scope", "feedback", "--scope", "admin", "--keys", "a/b.json", "--json"
    )
    document = json.loads(ended.out)
    key = read_keys(Path("a/b.json")).find(document.pop("key"))
    assert document == {"name": "ops", "scopes": ["feedback", "admin"], "file": "a/b.json"}
    assert (key.name, key.scopes, ended.err) == ("ops", ("feedback", "admin"), "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ops", "--scope", "root"), "roadworthy: no scope is called 'root'; give one of predict, feedback, admin"),
        (("ops", "--keys", "clean.csv"), "roadworthy: clean.csv: is no file of keys; make one: roadworthy key"),
        (("shop",), "roadworthy: keys.json: a key named 'shop' is there already; give another name"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    run("key", "shop")
    kept = Path("keys.json").read_bytes()
    ended = run("key", *arguments)
    assert (ended.code, ended.out, ended.err) == (2, "", said + "\n")
    assert Path("keys.json").read_bytes() == kept
