"""A gate is found where a project keeps it, and a mistake in it is said in one line."""

import re

import pytest

from roadworthy.errors import SettingsError
from roadworthy.gate import Gate, gate_source, read_gate
from roadworthy.gate.bounds import BOUNDS


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_every_bound_is_a_key_of_the_gate_and_has_a_documented_default():
    assert set(BOUNDS) <= set(Gate.model_fields)
    for name in Gate.model_fields:
        assert f"\n    {name}\n" in (Gate.__doc__ or "")


def test_without_a_file_the_defaults_hold(tmp_path):
    assert read_gate(tmp_path) == Gate()
    assert gate_source(tmp_path) == "the defaults"


def test_roadworthy_toml_comes_before_pyproject_toml(tmp_path):
    write(tmp_path, "pyproject.toml", "[tool.roadworthy.gate]\nmin_accuracy = 0.7\n")
    assert read_gate(tmp_path).min_accuracy == 0.7
    write(tmp_path, "roadworthy.toml", "[serve]\nport = 1\n")
    assert read_gate(tmp_path).min_accuracy == 0.7
    file = write(tmp_path, "roadworthy.toml", "[gate]\nmin_accuracy = 0.9\n")
    assert read_gate(tmp_path).min_accuracy == 0.9
    assert gate_source(tmp_path) == str(file)


def test_by_default_the_working_directory_is_searched(tmp_path, monkeypatch):
    write(tmp_path, "roadworthy.toml", "[gate]\nmax_drop = 0.2\n")
    monkeypatch.chdir(tmp_path)
    assert read_gate().max_drop == 0.2
    assert gate_source() == "roadworthy.toml"


def test_the_nearest_gate_above_is_found_up_to_the_repository(tmp_path, monkeypatch):
    write(tmp_path, "roadworthy.toml", "[gate]\nmax_drop = 0.3\n")
    deep = tmp_path / "repository" / "package" / "deep"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert (read_gate().max_drop, gate_source()) == (0.3, "../../../roadworthy.toml")
    write(deep.parent, "pyproject.toml", "[project]\n")
    write(deep.parents[1], "pyproject.toml", "[tool.roadworthy.gate]\nmax_drop = 0.2\n")
    assert (read_gate().max_drop, gate_source()) == (0.2, "../../pyproject.toml")
    write(deep.parent, "roadworthy.toml", "[gate]\nmax_drop = 2\n")
    with pytest.raises(SettingsError, match=r"\.\./roadworthy\.toml: max_drop is 2, not a share"):
        read_gate()
    (deep / ".git").write_text("gitdir: elsewhere")
    assert (read_gate(), gate_source()) == (Gate(), "the defaults")
    monkeypatch.chdir(tmp_path.anchor)
    assert (read_gate(), gate_source()) == (Gate(), "the defaults")


def test_a_folder_that_is_named_is_the_only_one(tmp_path):
    write(tmp_path, "roadworthy.toml", "[gate]\nmax_drop = 0.3\n")
    (tmp_path / "inner").mkdir()
    assert read_gate(tmp_path / "inner") == Gate()


def test_a_file_of_its_own_may_hold_nothing_but_the_keys(tmp_path):
    plain = write(tmp_path, "strict.toml", 'max_drop = 0.05\nadvisory = ["max_oov_rate"]\n[max_drop_of]\nslang = 0.2\n')
    gate = read_gate(plain)
    assert (gate.limit_of_drop("slang"), gate.limit_of_drop("typos")) == (0.2, 0.05)
    assert gate.advisory == ("max_oov_rate",)
    assert read_gate(write(tmp_path, "other.toml", "[gate]\nmax_drop = 0.06\n")).max_drop == 0.06


def test_false_switches_a_bound_off(tmp_path):
    gate = read_gate(write(tmp_path, "a.toml", "max_drop_on_real = false\n[max_drop_of]\nslang = false\n"))
    assert gate.max_drop_on_real is None
    assert gate.limit_of_drop("slang") is None
    assert not gate.asks_for("max_drop_on_real")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("min_acuracy = 0.8", "a gate has no 'min_acuracy'; did you mean 'min_accuracy'?"),
        ("qqq = 1", "a gate has no 'qqq'; use one of min_accuracy, max_drop, "),
        ("min_accuracy = 80", "min_accuracy is 80, not a share between 0 and 1; write 0.8"),
        (
            "min_accuracy = -1",
            "min_accuracy is -1, not a share between 0 and 1; write, say, 0.1, or false for no limit",
        ),
        ("min_accuracy = 'high'", "min_accuracy is 'high', not a share between 0 and 1; write, say, 0.1"),
        ("min_accuracy = nan", "min_accuracy is nan, not a share between 0 and 1; write, say, 0.1"),
        ("min_accuracy = inf", "min_accuracy is inf, not a share between 0 and 1; write, say, 0.1"),
        ("min_accuracy = [0.1]", "min_accuracy is a list, not a share between 0 and 1; write, say, 0.1"),
        ("min_accuracy = 2026-03-01", "min_accuracy is 2026-03-01, not a share between 0 and 1; write, say, 0.1"),
        ("min_accuracy = true", "min_accuracy: true is no limit; write a share between 0 and 1, or false for no limit"),
        ("[max_drop]\ntypos = 0.1", "max_drop is a table, not a share between 0 and 1; write, say, 0.1"),
        (
            "max_drop_of = 0.1",
            "max_drop_of is 0.1, not a table of families and limits; write, say, max_drop",
        ),
        ("max_drop_of = true", "max_drop_of is true, not a table of families and limits; write, say, max_drop_of"),
        ("max_drop_of.typos = 10", "max_drop_of.typos is 10, not a share between 0 and 1; write 0.1"),
        ("advisory = 'x'", "advisory is 'x', not a list of bounds; write advisory = [\"min_worst_class\"]"),
        ("advisory = 'max_drop'", "advisory is 'max_drop', not a list of bounds; write advisory = [\"max_drop\"]"),
        ("may_lack_data = 1", "may_lack_data is 1, not a list of bounds; write may_lack_data = ["),
        ("advisory = [1]", "advisory lists 1, which names no bound; list some of min_accuracy, max_drop, "),
        ("advisory = ['max_drops']", "advisory: no bound is called 'max_drops'; did you mean 'max_drop'?"),
        ("may_lack_data = ['zzz']", "may_lack_data: no bound is called 'zzz'; use one of min_accuracy, max_drop, "),
        ("[gat]\nmax_drop = 0.1", "a table [gat], which nothing reads; did you mean [gate]?"),
        (
            "[tool.roadworthy.gate]\nmax_drop = 0.1",
            "a table [tool.roadworthy.gate], which nothing reads; did you mean [g",
        ),
        ("[serve]\nport = 1", "a table [serve], which no gate has; use one of min_accuracy, "),
        ("min_accuracy = ", "not TOML"),
        ("gate = 3", "gate is no table; write [gate] and its keys below it"),
    ],
)
def test_a_mistake_is_one_line_with_the_file(tmp_path, text, said):
    file = write(tmp_path, "gate.toml", text)
    with pytest.raises(SettingsError) as error:
        read_gate(file)
    assert str(error.value).startswith(f"{file}: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("roadworthy.toml", "[serve]\nport = 1\n", "holds no gate; write [gate]"),
        ("pyproject.toml", "[tool.roadworthy]\n", "holds no gate; write [tool.roadworthy.gate]"),
        ("pyproject.toml", "[tool]\nroadworthy = 3\n", "holds no gate"),
        ("pyproject.toml", "tool = 3\n", "holds no gate"),
        (
            "pyproject.toml",
            "[gate]\nmax_drop = 0.1\n",
            "[gate], which nothing reads; did you mean [tool.",
        ),
        ("roadworthy.toml", "[tool.roadworthy.gate]\n", "which nothing reads; did you mean [gate]"),
        ("empty.toml", "", "holds no gate"),
    ],
)
def test_a_named_file_must_hold_a_gate(tmp_path, name, text, said):
    with pytest.raises(SettingsError, match=re.escape(said)):
        read_gate(write(tmp_path, name, text))


def test_a_file_must_be_there_and_be_readable(tmp_path, monkeypatch):
    with pytest.raises(SettingsError, match="no such file; check the path of the gate"):
        read_gate(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes("# café".encode("latin-1"))
    with pytest.raises(SettingsError, match="not TOML"):
        read_gate(tmp_path / "latin.toml")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_text", refuse)
    with pytest.raises(SettingsError, match="cannot be read \\(Permission denied\\)"):
        read_gate(tmp_path / "latin.toml")
