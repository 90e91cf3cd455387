"""A run holds what it should, says nothing on the way, leaves nothing behind, and fails in one line."""

import importlib.metadata
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roadworthy import tracking
from roadworthy.data import Dataset
from roadworthy.errors import DataError, MissingExtraError, TrackingError
from roadworthy.inspection import DataCard, Figure
from roadworthy.tracking import inspected
from roadworthy.tracking import run as tracking_run

from .samples import CLEAN, HERE, REAL, client, figure, files, logged_model, make_inspection, make_pipeline, split_each

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")


def test_an_inspection_is_logged_with_figures_settings_and_report(report: Path) -> None:
    run = tracking.track_inspection(make_inspection(), report)
    logged = client().get_run(run.run_id)
    assert logged.info.status == "FINISHED"
    assert logged.data.metrics == {name: value for name, _, value in tracking.inspection_metrics(make_inspection())}
    assert logged.data.params["suite"] == "quick"
    assert logged.data.tags["roadworthy.verdict"] == "fail"
    assert logged.data.tags["roadworthy.clean_sha256"] == CLEAN.sha256
    assert logged.data.tags["mlflow.note.content"].count("accuracy is too low") == 1
    assert set(files(run.run_id)) == {*inspected.REPORT_FILES, "environment.txt"}


def test_the_charts_of_the_report_go_up_with_it(report: Path) -> None:
    (report / "figures").mkdir()
    (report / "figures" / "accuracy.svg").write_text("<svg/>", encoding="utf-8")
    run = tracking.track_inspection(make_inspection(), report)
    assert "figures/accuracy.svg" in files(run.run_id)


def test_figures_are_grouped_by_messages_and_severity_is_the_step(report: Path) -> None:
    rows = {(name, step): value for name, step, value in tracking.inspection_metrics(make_inspection())}
    assert rows["clean/accuracy", 0] == 0.9
    assert rows["clean/accuracy_low", 0] == 0.45
    assert rows["typos/accuracy", 1] == 0.8
    assert rows["typos/accuracy", 3] == 0.5
    assert rows["real/accuracy_all", 0] == 0.2
    assert ("real/slang/silent_failure_rate_high", 0) in rows
    assert rows["checks/failed", 0] == 1
    names = {name for name, _ in rows}
    assert not names & {
        "clean/difference",
        "clean/accuracy_all",
        "clean/flip_rate",
        "clean/changed",
    }


def test_the_history_of_a_family_charts_by_severity(report: Path) -> None:
    run = tracking.track_inspection(make_inspection(), report)
    history = client().get_metric_history(run.run_id, "typos/accuracy")
    assert [(metric.step, metric.value) for metric in history] == [(1, 0.8), (3, 0.5)]


def test_settings_that_are_not_set_are_left_out() -> None:
    params = tracking.inspection_params(make_inspection(real=None))
    assert not {"sample", "oos_label", "real", "real_messages"} & set(params)
    assert params["severities"] == "1, 3"


def test_many_figures_go_up_in_several_batches(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking_run, "BATCH", 7)
    run = tracking.track_inspection(make_inspection(), report)
    expected = {name for name, _, _ in tracking.inspection_metrics(make_inspection())}
    assert set(client().get_run(run.run_id).data.metrics) == expected


def test_messages_are_inputs_and_go_up_redacted(report: Path) -> None:
    run = tracking.track_inspection(make_inspection(), report, clean=CLEAN, real=REAL)
    inputs = {entry.tags[0].value: entry.dataset for entry in client().get_run(run.run_id).inputs.dataset_inputs}
    assert inputs["clean"].digest == CLEAN.sha256[:36]
    assert inputs["real"].name == "real.csv"
    rows = [json.loads(line) for line in files(run.run_id)["messages/real.jsonl"].read_text("utf-8").splitlines()]
    assert rows[1] == {"text": "mail [email]", "label": "call", "kind": "slang"}
    assert "7946" not in files(run.run_id)["messages/clean.jsonl"].read_text("utf-8")


def test_the_dataset_is_what_mlflow_itself_would_log(report: Path) -> None:
    import mlflow.data
    import pandas as pd

    run = tracking.track_inspection(make_inspection(real=None), report)
    ours = client().get_run(run.run_id).inputs.dataset_inputs[0].dataset
    frame = pd.DataFrame({"text": CLEAN.texts, "label": CLEAN.labels})
    source = mlflow.data.dataset_source_registry.get_dataset_source_from_json('{"uri": "clean.csv"}', "local")
    theirs = mlflow.data.from_pandas(frame, source=source, name="clean.csv", digest="0").to_dict()
    assert json.loads(ours.schema) == json.loads(theirs["schema"])
    assert json.loads(ours.profile) == json.loads(theirs["profile"])
    assert (ours.source, ours.source_type) == (theirs["source"], theirs["source_type"])


def test_unlabelled_messages_have_no_label_column(report: Path) -> None:
    card = DataCard(name="real.csv", n=2, sha256="0" * 64, labelled=False, classes=0)
    run = tracking.track_inspection(make_inspection(real=card), report, real=Dataset.of(["hi there"], name="real.csv"))
    inputs = client().get_run(run.run_id).inputs.dataset_inputs
    assert ["label" in entry.dataset.schema for entry in inputs if entry.dataset.name == "real.csv"] == [False]
    assert files(run.run_id)["messages/real.jsonl"].read_text("utf-8") == '{"text": "hi there"}\n'


def test_the_model_can_be_loaded_and_asked_without_trusting_code(report: Path) -> None:
    import mlflow

    run = tracking.track_inspection(make_inspection(), report, estimator=make_pipeline(), clean=CLEAN)
    logged = client().get_run(run.run_id)
    assert logged.data.tags["roadworthy.model_format"] == "skops"
    model_id = logged.outputs.model_outputs[0].model_id
    folder = Path.cwd() / "mlruns" / "roadworthy" / "models" / model_id / "artifacts"
    model = mlflow.pyfunc.load_model(str(folder))
    assert list(model.predict(np.array(["refund please"]))) == ["refund"]
    assert json.loads((folder / "input_example.json").read_text("utf-8"))[2] == "ring [phone]"
    assert (folder / "requirements.txt").read_text("utf-8").startswith("mlflow")
    model_metrics = {metric.key for metric in client().get_logged_model(model_id).metrics}
    assert {"clean/accuracy", "real/slang/accuracy"} <= model_metrics
    assert "typos/accuracy" not in model_metrics


def test_logging_a_model_starts_no_process(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(tracking_run, "code_tags", dict)
    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    tracking.track_inspection(make_inspection(), report, estimator=make_pipeline())


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (lambda: "not a model", "none: not a scikit-learn estimator"),
        (lambda: make_pipeline(analyzer=split_each), "none: skops does not trust"),
        (lambda: _unsavable(), "none: skops cannot save it"),
    ],
)
def test_a_model_that_skops_cannot_carry_is_not_logged(report: Path, estimator: Any, reason: str) -> None:
    run = tracking.track_inspection(make_inspection(), report, estimator=estimator())
    logged = client().get_run(run.run_id)
    assert logged.data.tags["roadworthy.model_format"].startswith(reason)
    assert not logged.outputs.model_outputs


def _unsavable() -> Any:
    pipeline = make_pipeline()
    pipeline.extra = (number for number in [1])
    return pipeline


def test_an_inspected_artifact_is_logged_with_its_guard(report: Path, hardened: Any) -> None:
    import mlflow

    run = tracking.track_inspection(make_inspection(), report, artifact=hardened, estimator=make_pipeline())
    assert client().get_run(run.run_id).data.tags["roadworthy.model_format"] == "artifact"
    model, folder = logged_model(run)
    assert model.status == "READY"
    assert {"clean/accuracy", "real/slang/accuracy"} <= {metric.key for metric in model.metrics}
    found = mlflow.pyfunc.load_model(str(folder)).predict(["qwrtz zxcv"])
    assert found["verdict"].tolist() == ["flagged"]
    assert type(mlflow.sklearn.load_model(str(folder))).__name__ == "HardenedClassifier"
    assert json.loads((folder / "input_example.json").read_text("utf-8")) == ["ring [phone]"]


def test_runs_of_any_model_can_be_compared(report: Path, hardened: Any) -> None:
    first = tracking.track_inspection(make_inspection(), report, estimator=make_pipeline())
    second = tracking.track_inspection(make_inspection(), report, artifact=hardened)
    naive, guarded = (client().get_run(run.run_id).data for run in (first, second))
    assert set(naive.metrics) == set(guarded.metrics)
    assert set(naive.params) == set(guarded.params)


def test_a_trained_artifact_is_logged_with_figures_settings_and_card(
    project: Path, hardened: Any, training: Dataset
) -> None:
    folder = hardened.save(project / "model")
    run = tracking.track_artifact(hardened, training, folder)
    logged = client().get_run(run.run_id)
    assert (logged.info.run_name, logged.info.status) == ("training hardened", "FINISHED")
    assert logged.data.tags["roadworthy.kind"] == "training"
    assert logged.data.tags["roadworthy.recipe"] == "hardened"
    assert logged.data.tags["roadworthy.model_format"] == "artifact"
    assert logged.data.tags["roadworthy.training_sha256"] == training.sha256
    assert logged.data.params["flag_rate"] == "0.2"
    assert logged.data.params["messages"] == "120"
    assert not {"oos_label", "encoder"} & set(logged.data.params)
    measured = hardened.figures["held_out_accuracy"]
    for end, name in (("value", ""), ("low", "_low"), ("high", "_high")):
        assert logged.data.metrics[f"held_out/accuracy{name}"] == measured[end]
    assert {"cost/cpu_seconds_per_1000", "cost/memory_mb"} <= set(logged.data.metrics)
    assert set(files(run.run_id)) == {"environment.txt", "data.json", "roadworthy.json"}
    assert files(run.run_id)["roadworthy.json"].read_bytes() == (folder / "roadworthy.json").read_bytes()
    model, place = logged_model(run)
    assert (model.status, model.model_type, model.source_run_id) == ("READY", "classifier", run.run_id)
    assert (place / "roadworthy" / "roadworthy.json").is_file()


def test_what_a_guard_was_told_is_logged(project: Path, hardened: Any, training: Dataset) -> None:
    from copy import copy
    from dataclasses import replace
    from types import SimpleNamespace

    from roadworthy.models.guarded import GuardedModel

    guard = copy(hardened.model.guard)
    guard.oos_label = "none_of_these"
    model = GuardedModel(hardened.model.model, guard, name="ours", estimator=hardened.model.estimator)
    artifact = replace(hardened, model=model, recipe="wrap")
    folder = artifact.save(project / "model")
    run = tracking.track_artifact(artifact, training, folder, experiment="mine")
    logged = client().get_run(run.run_id)
    assert logged.info.run_name == "training wrap"
    assert logged.data.params["oos_label"] == "none_of_these"
    assert client().get_experiment(run.experiment_id).name == "mine"
    guard.encoder = SimpleNamespace(name="some/encoder")
    assert tracking.log._artifact_params(artifact)["encoder"] == "some/encoder"


def test_an_artifact_that_was_not_saved_is_told_before_a_run_is_made(
    project: Path, hardened: Any, training: Dataset
) -> None:
    with pytest.raises(TrackingError, match=r"roadworthy\.json: no such file"):
        tracking.track_artifact(hardened, training, project / "gone")


def test_a_model_that_does_not_reach_the_store_is_failed_with_its_run(
    project: Path, hardened: Any, training: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    folder = hardened.save(project / "model")
    monkeypatch.setattr(tracking_run, "save_mlflow_model", refuse)
    with pytest.raises(TrackingError, match="No space left"):
        tracking.track_artifact(hardened, training, folder)
    store = client()
    experiment = store.get_experiment_by_name("roadworthy").experiment_id
    assert [model.status for model in store.search_logged_models([experiment])] == ["FAILED"]
    assert [run.info.status for run in store.search_runs([experiment])] == ["FAILED"]


def test_the_cost_of_predictions_is_measured_on_a_thousand_at_most(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from roadworthy.training.notebook import train_notebook

    monkeypatch.setattr(tracking.log, "COST_MESSAGES", 5)
    asked: list[int] = []
    real_ask = tracking.log.ask
    monkeypatch.setattr(tracking.log, "ask", lambda model, texts: asked.append(len(texts)) or real_ask(model, texts))
    run = tracking.track_notebook(train_notebook(CLEAN), CLEAN, [])
    assert asked == [5]
    assert client().get_run(run.run_id).data.metrics["training/accuracy"] == 1.0


def test_a_training_is_logged_with_its_environment(project: Path) -> None:
    pickle, folder = project / "model.pkl", project / "notes"
    pickle.write_bytes(b"x")
    folder.mkdir()
    (folder / "a.txt").write_text("a", encoding="utf-8")
    run = tracking.track_training(
        recipe="notebook",
        estimator=make_pipeline(),
        data=CLEAN,
        params={"min_df": 1},
        metrics={"accuracy": figure(0.75), "kappa": Figure(n=0)},
        artifacts=[pickle, folder],
    )
    logged = client().get_run(run.run_id)
    assert logged.data.metrics == {"accuracy": 0.75, "accuracy_low": 0.375, "accuracy_high": 0.875}
    assert logged.data.params == {"recipe": "notebook", "messages": "12", "classes": "3", "min_df": "1"}
    assert logged.data.tags["roadworthy.kind"] == "training"
    assert logged.data.tags["roadworthy.training_sha256"] == CLEAN.sha256
    assert set(files(run.run_id)) == {"environment.txt", "data.json", "model.pkl", "notes/a.txt"}
    listed = files(run.run_id)["environment.txt"].read_text("utf-8")
    assert f"scikit-learn=={importlib.metadata.version('scikit-learn')}\n" in listed


def test_a_missing_artifact_is_found_before_a_run_is_made(project: Path) -> None:
    with pytest.raises(TrackingError, match=r"gone\.pkl: no such file"):
        tracking.track_training(
            recipe="r", estimator=None, data=CLEAN, params={}, metrics={}, artifacts=[project / "gone.pkl"]
        )


def test_a_saved_inspection_can_be_uploaded_later(report: Path) -> None:
    run = tracking.upload(report)
    assert set(files(run.run_id)) == {*inspected.REPORT_FILES, "environment.txt"}
    with pytest.raises(DataError, match=r"no inspection\.json"):
        tracking.upload(report.parent)


def test_nothing_is_printed_warned_of_or_left_behind(
    report: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    import mlflow

    (report.parent / "mlflow.db").unlink()
    before = dict(os.environ), logging.getLogger("mlflow").level, mlflow.active_run()
    tracking.track_inspection(make_inspection(), report, estimator=make_pipeline())
    assert (dict(os.environ), logging.getLogger("mlflow").level, mlflow.active_run()) == before
    assert capfd.readouterr() == ("", "")
    assert sorted(path.name for path in report.parent.iterdir()) == ["mlflow.db", "mlruns", "report"]


def test_the_settings_of_the_user_are_not_touched(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from roadworthy.mlflow_store import quietly

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    with quietly():
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
        assert os.environ["DO_NOT_TRACK"] == "0"
        assert "MLFLOW_DISABLE_TELEMETRY" not in os.environ
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "1"
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_the_artifact_location_of_an_experiment_is_honoured(report: Path, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    client().create_experiment("mine", artifact_location=place.as_uri())
    run = tracking.track_inspection(make_inspection(), report, experiment="mine")
    assert (place / run.run_id / "artifacts" / "report.html").is_file()


def test_a_second_run_joins_the_experiment(report: Path) -> None:
    first, second = (tracking.track_inspection(make_inspection(), report) for _ in range(2))
    assert first.experiment_id == second.experiment_id
    assert first.run_id != second.run_id


def test_a_deleted_experiment_is_said_in_one_line(report: Path) -> None:
    store = client()
    store.delete_experiment(store.create_experiment("roadworthy"))
    with pytest.raises(TrackingError, match="the experiment 'roadworthy' was deleted; restore it"):
        tracking.track_inspection(make_inspection(), report)


@pytest.mark.parametrize("folder", ["my data #1", "100% ours", "which?"])
def test_a_project_folder_may_have_any_name(
    empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    project = tmp_path / folder
    project.mkdir()
    shutil.copy(empty_store, project)
    monkeypatch.chdir(project)
    run = tracking.track_inspection(make_inspection(), project)
    assert client().get_run(run.run_id).info.status == "FINISHED"
    assert (project / "mlflow.db").stat().st_size > 0


def test_a_run_that_breaks_midway_is_failed(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copy", refuse)
    with pytest.raises(TrackingError, match=f"No space left.*safe in {report}.*roadworthy track {report}"):
        tracking.track_inspection(make_inspection(), report)
    monkeypatch.undo()
    monkeypatch.chdir(report.parent)
    store = client()
    experiment = store.get_experiment_by_name("roadworthy").experiment_id
    assert [run.info.status for run in store.search_runs([experiment])] == ["FAILED"]


def test_an_interrupted_run_is_failed_and_the_interrupt_goes_on(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tracking.log, "stage", interrupt)
    with pytest.raises(KeyboardInterrupt):
        tracking.track_inspection(make_inspection(), report)
    store = client()
    experiment = store.get_experiment_by_name("roadworthy").experiment_id
    assert [run.info.status for run in store.search_runs([experiment])] == ["FAILED"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_that_is_down_is_said_in_one_line(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://jo:hidden@127.0.0.1:{_free_port()}")
    with pytest.raises(TrackingError, match="the inspection is safe in") as caught:
        tracking.track_inspection(make_inspection(), report)
    assert "\n" not in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Start a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_never_answers_is_given_up_on(
    report: Path, silent_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", silent_server)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    started = time.monotonic()
    with pytest.raises(TrackingError, match="did not take the run"):
        tracking.track_inspection(make_inspection(), report)
    assert time.monotonic() - started < 15


def test_a_database_that_cannot_be_opened_is_said_at_once(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (report.parent / "mlflow.db").write_text("this is not a database, and long enough to be read as one" * 20)
    started = time.monotonic()
    with pytest.raises(TrackingError, match="file is not a database"):
        tracking.track_inspection(make_inspection(), report)
    assert time.monotonic() - started < 15


def test_a_store_in_a_new_folder_or_in_files_works_too(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (report.parent / "files").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    run = tracking.track_inspection(make_inspection(), report)
    assert run.url is None
    assert list((report.parent / "files").rglob(f"{run.run_id}/artifacts/report.html"))


def test_a_database_server_that_is_down_is_said_at_once(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"postgresql://jo:hidden@127.0.0.1:{_free_port()}/mlflow")
    started = time.monotonic()
    with pytest.raises(TrackingError, match="did not take the run") as caught:
        tracking.track_inspection(make_inspection(), report)
    assert "hidden" not in str(caught.value)
    assert time.monotonic() - started < 15


def test_a_store_in_memory_has_no_folder_of_its_own(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///:memory:")
    assert "--default-artifact-root" not in tracking.ui_command()
    assert tracking.track_inspection(make_inspection(), report).url is None


def test_a_run_says_where_it_is() -> None:
    local = tracking.TrackedRun("a1", "2", "sqlite:///mlflow.db")
    assert (local.url, str(local)) == (None, "run a1 in sqlite:///mlflow.db; to see it: roadworthy ui")
    remote = tracking.TrackedRun("a1", "2", "http://jo:pw@127.0.0.1:5000")
    assert str(remote) == remote.url == "http://127.0.0.1:5000/#/experiments/2/runs/a1"


def test_without_mlflow_the_extra_is_named(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert not tracking.is_available()
    with pytest.raises(MissingExtraError, match="tracking needs the extra 'mlflow'"):
        tracking.track_inspection(make_inspection(), report)
    with pytest.raises(MissingExtraError):
        tracking.ui_command()


def test_asking_whether_mlflow_is_there_does_not_import_it() -> None:
    code = "import sys; from roadworthy import tracking; print(tracking.is_available(), 'mlflow' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["True", "False"]


def test_the_store_is_the_users_or_a_file_in_this_directory(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tracking.store_uri() == f"sqlite:///{project}/mlflow.db"
    assert tracking.ui_address() is None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://jo:pw@mlflow.example/")
    assert tracking.store_uri() == "https://jo:pw@mlflow.example/"
    assert tracking.ui_address() == "https://mlflow.example"
    with pytest.raises(TrackingError, match="open that address"):
        tracking.ui_command()


def test_the_ui_command_names_the_store_and_its_artifacts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tracking.ui_command(port=5050)
    assert command[:4] == [sys.executable, "-m", "mlflow", "server"]
    assert command[command.index("--default-artifact-root") + 1] == (project / "mlruns").as_uri()
    assert command[command.index("--port") + 1] == "5050"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://db/mlflow")
    assert "--default-artifact-root" not in tracking.ui_command()


def test_the_ui_runs_without_telemetry_unless_the_user_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in HERE:
        monkeypatch.delenv(name, raising=False)
    assert tracking.ui_environment()["MLFLOW_DISABLE_TELEMETRY"] == "true"
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    assert tracking.ui_environment()["MLFLOW_DISABLE_TELEMETRY"] == "false"
    assert "DO_NOT_TRACK" not in tracking.ui_environment()


def test_a_long_reason_is_cut() -> None:
    from roadworthy.mlflow_store import refusal

    said = str(refusal(ValueError("line\n" * 100), "sqlite:///a.db", "mend it"))
    assert len(said) < 300
    assert "\n" not in said


def test_the_experiment_is_the_one_that_mlflow_s_variable_names(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "bots")
    run = tracking.track_inspection(make_inspection(), report)
    assert client().get_experiment(run.experiment_id).name == "bots"
