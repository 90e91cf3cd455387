"""A flag counts more than a variable, a variable more than the file; what cannot be used is told in one line."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.errors import SettingsError
from roadworthy.serve.settings import ServeSettings, host_of, is_local, read_settings

pytestmark = pytest.mark.usefixtures("place")


def write(content: str) -> None:
    Path("roadworthy.toml").write_text(content)


# Of each setting: what stands in the file, the variable and the flag, and what they come to.
WAYS: dict[str, tuple[str, str, Any]] = {
    "model": ('"a"', "b", "c"),
    "host": ('"127.0.0.2"', "127.0.0.3", "::1"),
    "port": ("1", "2", 3),
    "workers": ("2", "3", 4),
    "log": ('"sqlite:///a.db"', "sqlite:///b.db", "sqlite:///c.db"),
    "log_text": ('"none"', "raw", "redacted"),
    "log_sync": ('"full"', "normal", "full"),
    "spool": ('"a"', "b", Path("c")),
    "retention_days": ("1", "2", 3),
    "keys": ('"a"', "b", Path("c")),
    "shadow": ('"a"', "b", "c"),
    "follow_seconds": ("1.5", "2.5", 3.5),
    "model_cache": ('"a"', "b", Path("c")),
    "allow_pickle": ("true", "false", True),
    "max_body": ("1", "2", 3),
    "max_batch": ("1", "2", 3),
    "max_length": ("1", "2", 3),
    "max_concurrency": ("1", "2", 3),
    "max_queue": ("1", "0", 3),
    "shutdown_seconds": ("1", "2", 3),
    "access_log": ("true", "false", True),
}


def test_every_setting_is_tried_below() -> None:
    assert {*WAYS, "flagged", "fallback_label"} == {*ServeSettings.model_fields}


@pytest.mark.parametrize("name", WAYS)
def test_a_flag_counts_more_than_a_variable_and_that_more_than_the_file(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_file, variable, flag = WAYS[name]
    more = {} if name == "model" else {"model": "m"}

    def found(**flags: Any) -> str:
        return str(getattr(read_settings(**more, **flags), name)).lower()

    write(f"[serve]\n{name} = {in_file}\n[gate]\nother = 1\n")
    assert found() == in_file.strip('"')
    monkeypatch.setenv(f"ROADWORTHY_{name.upper()}", variable)
    assert found() == variable
    assert found(**{name: flag}) == str(flag).lower()


def test_what_is_told_nowhere_is_as_the_documentation_says() -> None:
    assert read_settings(model="m").model_dump() == {
        "model": "m",
        "host": "127.0.0.1",
        "port": 8000,
        "workers": 1,
        "log": "sqlite:///predictions.db",
        "log_text": "redacted",
        "log_sync": "normal",
        "spool": Path("predictions.spool"),
        "retention_days": None,
        "flagged": "answer",
        "fallback_label": None,
        "keys": None,
        "shadow": None,
        "follow_seconds": 5.0,
        "model_cache": None,
        "allow_pickle": False,
        "max_body": 262_144,
        "max_batch": 256,
        "max_length": 5_000,
        "max_concurrency": 64,
        "max_queue": 256,
        "shutdown_seconds": 30,
        "access_log": False,
    }


def test_a_variable_that_is_no_setting_is_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROADWORTHY_OTHER", "1")
    assert read_settings(model="m").model == "m"


def test_a_file_without_our_table_says_nothing() -> None:
    write("[gate]\nport = 1\n")
    assert read_settings(model="m").port == 8000


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({}, "no model; name one: roadworthy serve MODEL, ROADWORTHY_MODEL, or model in roadworthy.toml"),
        ({"model": ""}, "model: String should have at least 1 character"),
        ({"model": "m", "port": -1}, "port: Input should be greater than or equal to 0, not -1; see --port, "),
        ({"model": "m", "port": 65_536}, "port: Input should be less than or equal to 65535, not 65536"),
        ({"model": "m", "workers": 0}, "workers: Input should be greater than 0, not 0; see --workers"),
        ({"model": "m", "max_queue": -1}, "see --max-queue, ROADWORTHY_MAX_QUEUE and [serve] in roadworthy.toml"),
        ({"model": "m", "retention_days": 0}, "retention_days: Input should be greater than 0"),
        ({"model": "m", "flagged": "drop"}, "flagged: Input should be 'answer', 'refuse' or 'route', not 'drop'"),
        ({"model": "m", "log_text": "all"}, "log_text: Input should be 'redacted', 'none' or 'raw', not 'all'"),
        ({"model": "m", "log_sync": "off"}, "log_sync: Input should be 'normal' or 'full', not 'off'"),
        ({"model": "m", "follow_seconds": 0}, "follow_seconds: Input should be greater than or equal to 0.1, not 0"),
        ({"model": "m", "shadow": ""}, "shadow: String should have at least 1 character"),
        ({"model": "m", "flagged": "route"}, "no label to route flagged messages to; give --fallback-label LABEL"),
        ({"model": "m", "flagged": "route", "fallback_label": ""}, "fallback_label: String should have at least 1"),
        ({"model": "m", "fallback_label": "a"}, "a fallback label, but nothing is routed to it; add --flagged route"),
        (
            {"model": "m", "flagged": "refuse", "fallback_label": "a"},
            "a fallback label, but nothing is routed to it; add --flagged route",
        ),
        ({"model": "m", "host": "0.0.0.0"}, "host 0.0.0.0: whoever reaches it could ask, without a key; make a key"),
        ({"model": "m", "host": "desk.example"}, "host desk.example: whoever reaches it could ask, without a key"),
        ({"model": "m", "host": ""}, "whoever reaches it could ask, without a key"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(flags: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(**flags)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_variable_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROADWORTHY_PORT", "many\nlines")
    with pytest.raises(SettingsError, match="^port: Input should be a valid integer.*ROADWORTHY_PORT") as refused:
        read_settings(model="m")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[serve", "roadworthy.toml: cannot be read (TOMLDecodeError"),
        (b"[serve]\nhost = '\xff'\n", "roadworthy.toml: cannot be read (UnicodeDecodeError"),
        (b"[serve]\nprot = 1\n", "roadworthy.toml: no setting is called 'prot'; see roadworthy serve --help"),
        (b"[serve]\nport = '80 a'\n", "port: Input should be a valid integer"),
        (b"[serve]\nmodel = 5\n", "model: Input should be a valid string, not 5"),
        (b"serve = 5\n", "roadworthy.toml: cannot be read"),
        (b"[[serve]]\nport = 5\n", "roadworthy.toml: cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(content: bytes, said: str) -> None:
    Path("roadworthy.toml").write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        read_settings(**{} if b"model" in content else {"model": "m"})
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.integers(1, 254), st.ip_addresses(v=4))
def test_a_host_is_local_if_only_this_machine_reaches_it(last: int, address: Any) -> None:
    assert ServeSettings(model="m", host=f"127.0.0.{last}").is_local
    assert ServeSettings(model="m", host=str(address)).is_local is address.is_loopback


@pytest.mark.parametrize(
    ("host", "local"), [("localhost", True), ("::1", True), ("::", False), ("desk.example", False)]
)
def test_a_host_that_has_a_name_is_local_only_as_localhost(host: str, local: bool) -> None:
    assert ServeSettings(model="m", host=host).is_local is local


def test_beyond_this_machine_keys_are_needed() -> None:
    assert read_settings(model="m", host="0.0.0.0", keys="keys.json").keys == Path("keys.json")


def test_a_flagged_message_is_routed_to_a_label() -> None:
    settings = read_settings(model="m", flagged="route", fallback_label="agent")
    assert (settings.flagged, settings.fallback_label) == ("route", "agent")


def test_models_of_the_store_are_downloaded_beside_the_spool() -> None:
    assert read_settings(model="m", spool="/data/predictions.spool").cache_folder == Path("/data/models.cache")
    assert read_settings(model="m", model_cache="kept").cache_folder == Path("kept")


@given(st.ip_addresses(), st.none() | st.integers(0, 65_535))
def test_the_host_in_a_header_is_found_with_and_without_a_port(address: Any, port: int | None) -> None:
    written = f"[{address}]" if address.version == 6 else str(address)
    assert host_of(written if port is None else f"{written}:{port}") == str(address)


@given(st.text())
def test_no_host_in_a_header_is_an_error(header: str) -> None:
    assert is_local(host_of(header)) in (True, False)
