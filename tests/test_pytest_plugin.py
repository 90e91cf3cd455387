"""The plugin: one fixture, one marker, and a failure that prints the table."""

import os
import subprocess
import sys

import pytest

from roadworthy.data import Dataset
from roadworthy.errors import TrackingError
from roadworthy.gate import Decision, Gate
from roadworthy.inspection import Inspection
from roadworthy.models import as_model, mlflow_model
from roadworthy.models.mlflow_model import Registered
from roadworthy.pytest_plugin import Inspect

pytest_plugins = ["pytester"]

CONFTEST = """
import pytest

def right(texts):
    return ["refund" if text.split()[0].lower().startswith("m") else "order" for text in texts]

def constant(texts):
    return ["order"] * len(texts)

TEXTS = [f"{'money' if i % 2 else 'about'} {i} is what I would like to ask about" for i in range(200)]
LABELS = [("order", "refund")[i % 2] for i in range(200)]

@pytest.fixture
def models():
    return right, constant, TEXTS, LABELS
"""
TEXTS = [f"{'money' if i % 2 else 'about'} {i} is what I would like to ask about" for i in range(200)]
LABELS = [("order", "refund")[i % 2] for i in range(200)]
NOTHING_BUT = {"max_silent_failure_rate": None, "min_worst_class": None, "max_drop": None, "min_coverage": None}
GATE = "[gate]\nmax_drop = false\n"


@pytest.fixture
def project(pytester, monkeypatch):
    """A project of its own, with no other plugin than ours.

    Run in a process of its own: a run in ours ends by forgetting the modules it imported,
    and a compiled one, as the charts' vl_convert, cannot be imported a second time.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p roadworthy.pytest_plugin")
    pytester.makeconftest(CONFTEST)
    (pytester.path / "suite.toml").write_text('families = ["punctuation"]\nseverities = [3]')
    (pytester.path / "roadworthy.toml").write_text(GATE)
    return pytester


def test_a_good_model_passes_and_the_inspection_comes_back(project):
    project.makepyfile("""
        def test_good(roadworthy_inspect, models):
            right, _, texts, labels = models
            inspection = roadworthy_inspect(right, texts, labels, suite="suite.toml")
            assert inspection.group("clean").accuracy.value == 1.0
    """)
    project.runpytest_subprocess("--strict-markers", "-W", "error").assert_outcomes(passed=1)


def test_a_bad_model_fails_with_the_table_and_no_traceback(project):
    project.makepyfile("""
        def test_bad(roadworthy_inspect, models):
            _, constant, texts, labels = models
            roadworthy_inspect(constant, texts, labels, suite="suite.toml")
    """)
    ran = project.runpytest_subprocess()
    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(["*REJECTED*", "*it does not classify*", "*fail by*accuracy*clean*", "*✗ min_accuracy*"])
    assert "Traceback" not in ran.stdout.str()
    assert "pytest_plugin.py" not in ran.stdout.str()


def test_markers_hold_options_the_nearest_first(project):
    project.makepyfile("""
        import pytest
        from roadworthy.gate import Gate

        pytestmark = pytest.mark.roadworthy(suite="suite.toml", seed=3)

        @pytest.mark.roadworthy(seed=4, gate=Gate(min_accuracy=0.1, max_silent_failure_rate=None, min_worst_class=None,
                                                   max_drop=None))
        def test_marked(roadworthy_inspect, models):
            right, _, texts, labels = models
            wrong = ["refund" if label == "order" else "order" for label in labels[:60]]
            found = roadworthy_inspect(right, texts, wrong + labels[60:])
            assert (found.settings.suite, found.settings.seed) == ("suite", 4)
            again = roadworthy_inspect(right, texts, labels, seed=5, gate="roadworthy.toml")
            assert again.settings.seed == 5
    """)
    project.runpytest_subprocess("--strict-markers").assert_outcomes(passed=1)


def test_an_assertion_that_fails_prints_the_table_of_the_decision_it_refused(project):
    project.makepyfile("""
        import roadworthy
        from roadworthy.gate import Gate

        def test_passes(models):
            right, constant, texts, labels = models
            gate = Gate(max_drop=None)
            assert roadworthy.inspect(right, texts, labels, suite="suite.toml").passes(gate)
            assert roadworthy.inspect(constant, texts, labels, suite="suite.toml").passes(gate)

        def test_of_another_kind():
            assert 1 == 2
    """)
    ran = project.runpytest_subprocess("--show-capture=no")
    ran.assert_outcomes(failed=2)
    ran.stdout.fnmatch_lines(
        ["*- roadworthy -*", "*REJECTED*", "*it does not classify*", "*fail by*accuracy*clean*", "*✗ min_accuracy*"]
    )
    assert ran.stdout.str().count("REJECTED") == 1


def test_the_gate_is_the_nearest_of_the_test_s_folder_and_those_above_it_and_is_named(project):
    (project.path / ".git").mkdir()
    (project.path / "roadworthy.toml").write_text("[gate]\nmin_accuracy = 0.1\n")
    (project.path / "part" / "tests").mkdir(parents=True)
    (project.path / "part" / "roadworthy.toml").write_text("[gate]\nmin_accuracy = 0.999\nmax_drop = false\n")
    (project.path / "part" / "tests" / "test_near.py").write_text(
        "def test_near(roadworthy_inspect, models):\n"
        "    right, _, texts, labels = models\n"
        "    roadworthy_inspect(right, texts, labels, suite='suite.toml')\n"
    )
    ran = project.runpytest_subprocess("--rootdir=.")
    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(["*Gate: part/roadworthy.toml*", "*NOT ENOUGH DATA*"])


def test_the_gate_is_the_same_wherever_the_test_runs(project):
    (project.path / "roadworthy.toml").write_text("[gate]\nmin_accuracy = 0.999\nmax_drop = false\n")
    project.makeini("[pytest]")
    project.makepyfile("""
        def test_strict(roadworthy_inspect, models, monkeypatch, tmp_path):
            right, _, texts, labels = models
            suite = str(__import__("pathlib").Path("suite.toml").resolve())
            monkeypatch.chdir(tmp_path)
            roadworthy_inspect(right, texts, labels, suite=suite)
    """)
    ran = project.runpytest_subprocess()
    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(["*Gate: roadworthy.toml*", "*NOT ENOUGH DATA*"])


def test_models_and_messages_may_be_given_by_spec_and_file(project):
    (project.path / "ours.py").write_text(CONFTEST)
    project.makepyfile("""
        def test_spec(roadworthy_inspect, models):
            _, _, texts, labels = models
            with open("clean.csv", "w") as file:
                file.write("text,label\\n" + "".join(f"{t},{l}\\n" for t, l in zip(texts, labels)))
            roadworthy_inspect("python:ours:right", "clean.csv", suite="suite.toml")

        def test_missing(roadworthy_inspect):
            roadworthy_inspect("model.pkl", "none.csv")
    """)
    ran = project.runpytest_subprocess()
    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines(["roadworthy: model.pkl: no such file; check the path"])


def test_reports_are_kept_where_the_option_says(project):
    project.makepyfile("""
        def test_both(roadworthy_inspect, models):
            right, constant, texts, labels = models
            roadworthy_inspect(right, texts, labels, suite="suite.toml")
            roadworthy_inspect(constant, texts, labels, suite="suite.toml")
    """)
    ran = project.runpytest_subprocess("--roadworthy-report", "reports")
    ran.assert_outcomes(failed=1)
    first, second = sorted((project.path / "reports").iterdir())
    assert second.name == f"{first.name}-2"
    assert {path.name for path in first.iterdir()} >= {"report.html", "decision.json", "junit.xml", "summary.md"}
    assert Decision.load(first).passed
    assert not Decision.load(second).passed
    assert Inspection.load(first).verdict != "fail"
    ran.stdout.fnmatch_lines([f"Report: reports/{second.name}/report.html"])


def test_a_marker_with_a_bare_argument_is_refused(project):
    project.makepyfile("""
        import pytest

        @pytest.mark.roadworthy("quick")
        def test_marked(roadworthy_inspect):
            pass
    """)
    ran = project.runpytest_subprocess()
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*takes options by name*"])


def test_the_marker_and_the_option_are_explained(project):
    assert "@pytest.mark.roadworthy(**options)" in project.runpytest_subprocess("--markers").stdout.str()
    assert "--roadworthy-report=DIR" in project.runpytest_subprocess("--help").stdout.str()


def test_it_costs_a_suite_that_does_not_use_it_next_to_nothing():
    heavy = ("numpy", "pydantic", "pandas", "sklearn", "rich")
    code = f"import sys, roadworthy.pytest_plugin; print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert said.stdout.strip() == "[]"


@pytest.fixture
def versions(tmp_path, monkeypatch):
    """Two versions of a registered model; the first is the champion, and the second is worse."""
    (tmp_path / "suite.toml").write_text('families = ["punctuation"]\nseverities = [3]')
    (tmp_path / "roadworthy.toml").write_text("[gate]\nmin_accuracy = 0.5\nmax_drop = false\n")
    monkeypatch.chdir(tmp_path)

    def first(texts):
        return ["refund" if text.split()[0].lower().startswith("m") else "order" for text in texts]

    def second(texts):
        return ["order" if "1" in text.split()[1] else label for text, label in zip(texts, first(texts), strict=True)]

    models = {"models:/intent/1": as_model(first), "models:/intent/2": as_model(second)}
    monkeypatch.setattr("roadworthy.models.load_model", lambda spec, **_: models[spec])
    monkeypatch.setattr("roadworthy.comparison.runs.training_sha256", lambda _: None)
    known = {f"models:/intent/{n}": Registered("intent", str(n), None) for n in (1, 2)}
    known["models:/intent@challenger"] = known["models:/intent/2"]
    monkeypatch.setattr(mlflow_model, "find_registered", known.get)
    monkeypatch.setattr(mlflow_model, "champion_of", {"intent": known["models:/intent/1"]}.get)
    return Inspect("test", tmp_path, {"suite": "suite.toml"}, None)


@pytest.mark.parametrize("spec", ["models:/intent/2", "models:/intent@challenger"])
def test_a_version_that_is_worse_than_the_champion_fails(versions, spec):
    with pytest.raises(pytest.fail.Exception, match="against models:/intent/1") as failed:
        versions(spec, TEXTS, LABELS, gate=Gate(**NOTHING_BUT, min_accuracy=0.1))
    assert "max_regression" in str(failed.value)


def test_a_champion_passes_and_another_can_be_named(versions):
    gate = Gate(**NOTHING_BUT, min_accuracy=0.1)
    versions("models:/intent/1", TEXTS, LABELS, gate=gate)
    versions("models:/intent/2", TEXTS, LABELS, gate=gate, champion="models:/intent/2")
    with pytest.raises(pytest.fail.Exception, match="against models:/intent/1"):
        versions(lambda texts: ["order"] * len(texts), TEXTS, LABELS, gate=gate, champion="models:/intent/1")


def test_a_champion_that_cannot_be_asked_fails(versions, monkeypatch):
    def away(name):
        raise TrackingError("is away", where=name)

    monkeypatch.setattr(mlflow_model, "champion_of", away)
    with pytest.raises(pytest.fail.Exception, match="roadworthy: intent: is away"):
        versions("models:/intent/2", TEXTS, LABELS)


@pytest.mark.parametrize("given", [True, False])
def test_a_model_is_not_judged_on_what_it_was_trained_on(tmp_path, monkeypatch, given):
    texts = [f"{'money' if i % 2 else 'about'} {i} is what I would like to ask about" for i in range(40)]
    labels = [("order", "refund")[i % 2] for i in range(40)]
    clean = Dataset.of(texts, labels)
    (tmp_path / "suite.toml").write_text('families = ["punctuation"]\nseverities = [3]')
    (tmp_path / "trained_here.py").write_text("def right(texts): return ['order', 'refund'] * (len(texts) // 2)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("roadworthy.comparison.runs.training_sha256", lambda spec: clean.sha256)
    inspect = Inspect("test", tmp_path, {"suite": "suite.toml"}, None)
    with pytest.raises(pytest.fail.Exception, match="40 of the 40 clean messages are training messages as well"):
        inspect("python:trained_here:right", *((texts, labels) if given else (clean,)))
