"""A key is shown once and kept as a hash; any other secret is nobody's."""

import base64
import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.errors import SettingsError
from roadworthy.serve.keys import SCOPES, Key, Keys, add_key, read_keys, shown_key


def test_a_key_is_found_by_its_secret_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "new" / "keys.json"
    first, second = add_key(file, "shop", ["predict"]), add_key(file, "ops", ["feedback", "admin"])
    keys = read_keys(file)
    assert (len(keys), first != second) == (2, True)
    assert (keys.find(first).name, keys.find(second).scopes) == ("shop", ("feedback", "admin"))
    assert not any(secret in file.read_text() for secret in (first, second))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_secret_cannot_be_guessed(tmp_path: Path) -> None:
    secret = add_key(tmp_path / "keys.json", "shop", SCOPES)
    assert secret.startswith("rw_")
    assert len(base64.urlsafe_b64decode(secret[3:] + "=")) == 32


@given(st.text(), st.text())
def test_any_other_secret_is_not_found(shown: str, name: str) -> None:
    import hashlib

    secret = "rw_the-only-one"
    kept = Key(
        name=name, scopes=SCOPES, created="2026-11-22T20:00:00Z", sha256=hashlib.sha256(secret.encode()).hexdigest()
    )
    keys = Keys([kept])
    assert keys.find(secret) is kept
    assert keys.find(shown) is (kept if shown == secret else None)
    assert keys.find(kept.sha256) is None


def test_without_a_file_there_is_no_key() -> None:
    keys = read_keys(None)
    assert (len(keys), keys.find("")) == (0, None)


def test_a_name_is_given_once(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    add_key(file, "shop", ["predict"])
    before = file.read_bytes()
    with pytest.raises(SettingsError, match="a key named 'shop' is there already; give another name"):
        add_key(file, "shop", ["admin"])
    assert file.read_bytes() == before


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"keys.json: cannot be read \(FileNotFoundError.*; make it: roadworthy key"
    ):
        read_keys(tmp_path / "keys.json")


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"keys": 5}', '{"other": []}', '{"keys": [{"name": "a"}]}', '{"keys": [{"scopes": ["root"]}]}'],
)
def test_what_is_no_file_of_keys_is_told_and_left_alone(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(SettingsError, match="keys.json: is no file of keys; make one: roadworthy key"):
        read_keys(file)
    with pytest.raises(SettingsError, match="is no file of keys"):
        add_key(file, "shop", ["predict"])
    assert file.read_text() == content


def test_an_unknown_scope_is_no_file_of_keys(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    add_key(file, "shop", ["predict"])
    document = json.loads(file.read_text())
    document["keys"][0]["scopes"] = ["root"]
    file.write_text(json.dumps(document))
    with pytest.raises(SettingsError, match="is no file of keys"):
        read_keys(file)


def test_a_file_that_cannot_be_written_names_the_option_that_mends_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="--keys"):
        add_key(tmp_path / "file" / "keys.json", "shop", ["predict"])


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), st.text().filter(lambda u: ":" not in u)
)
def test_a_key_is_shown_in_any_of_three_ways(secret: str, user: str) -> None:
    assert shown_key(f"Bearer {secret}", None) == secret
    assert shown_key(f"bearer   {secret} ", None) == secret
    assert shown_key(basic(user, secret), None) == secret
    assert shown_key(None, f" {secret} ") == secret
    assert shown_key("Bearer another", secret) == secret


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Basic", "Basic !", "Basic 5", "Basic gIE=", "Basic é", "Digest rw_1", "rw_1", "Negotiate rw_1"],
)
def test_other_headers_show_no_key(authorization: str | None) -> None:
    assert not shown_key(authorization, None)
    assert not shown_key(authorization, "")


@given(st.text())
def test_no_header_is_an_error(header: str) -> None:
    assert isinstance(shown_key(header, None), str | None)
    assert isinstance(shown_key(f"Basic {header}", None), str | None)
