"""Runs are read back from a store of MLflow in a file, as `roadworthy train` and `inspect` wrote them."""

import json
import shutil

import pytest

from roadworthy.comparison import runs
from roadworthy.comparison.runs import is_trained_on, named_run, read_run, run_behind, training_sha256
from roadworthy.data import Dataset, read_dataset
from roadworthy.errors import TrackingError
from roadworthy.inspection import Figure, inspect
from roadworthy.mlflow_store import open_client, quietly, store_uri
from roadworthy.models import as_model, load_model
from roadworthy.models.record import note_run
from roadworthy.tracking import track_inspection, track_notebook, track_training
from roadworthy.tracking.origin import Origin
from roadworthy.training.notebook import save_pickles, train_notebook

from .conftest import messages


@pytest.fixture
def project(empty_store, tmp_path, monkeypatch):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(empty_store, tmp_path)
    monkeypatch.chdir(tmp_path)
    rows = zip(messages().texts, messages().labels, strict=True)
    (tmp_path / "train.csv").write_text("\n".join(["text,label", *map(",".join, rows)]), encoding="utf-8")
    return tmp_path


@pytest.fixture
def trained(project):
    """A run of `roadworthy train --recipe notebook`."""
    data = read_dataset("train.csv")
    model = train_notebook(data)
    paths = save_pickles(model, project / "model")
    origin = Origin(
        "roadworthy train train.csv --recipe notebook",
        {"recipe": "notebook", "data": "train.csv"},
        {"training": project / "train.csv"},
    )
    return track_notebook(model, data, paths, origin=origin)


def test_a_run_says_how_its_model_was_made(trained, project):
    found = read_run(trained.run_id)
    data = read_dataset("train.csv")
    assert (found.run_id, found.recipe) == (trained.run_id, "notebook")
    assert found.command == "roadworthy train train.csv --recipe notebook"
    assert found.options == {"recipe": "notebook", "data": "train.csv"}
    assert found.parameters["vectorizer"] == "CountVectorizer"
    assert not {"messages", "classes"} & set(found.parameters)
    assert found.data.model_dump() == {
        "name": "train.csv",
        "n": 40,
        "sha256": data.sha256,
        "labels": {"order": 20, "refund": 20},
        "source": str(project / "train.csv"),
    }
    assert found.python.startswith("3.")
    assert "scikit-learn" in found.packages
    assert load_model(found.model).classes == ("order", "refund")


def test_an_inspection_leads_to_the_run_that_trained_its_model(trained, project):
    model = train_notebook(read_dataset("train.csv")).pipeline
    inspection = inspect(as_model(model), messages(), suite="quick")
    inspected = track_inspection(inspection, project / "none", estimator=model)
    assert read_run(inspected.run_id).run_id == trained.run_id


def test_an_inspection_of_an_unknown_model_stands_for_itself(project):
    inspection = inspect(lambda texts: ["order"] * len(texts), messages(), suite="quick")
    inspected = track_inspection(inspection, project / "none")
    found = read_run(inspected.run_id)
    assert found.run_id == inspected.run_id
    assert found.model is found.recipe is found.data is None


def test_a_run_that_somebody_else_made_says_what_it_can(project):
    with quietly():
        client = open_client(store_uri())
        run = client.create_run("0", run_name="by hand")
        client.log_param(run.info.run_id, "C", 3)
    found = read_run(run.info.run_id)
    assert (found.name, found.parameters, found.packages) == ("by hand", {"C": "3"}, {})
    assert found.recipe is found.command is found.data is found.python is found.model is found.dirty is None


def test_a_run_whose_messages_came_from_memory_has_no_source(project):
    data = Dataset.of(["a parcel", "some money"], ["order", "refund"], name="from memory")
    run = track_training(
        recipe="mine", estimator=None, data=data, params={}, metrics={"accuracy": Figure(value=0.5, n=2)}
    )
    found = read_run(run.run_id)
    assert found.data.source == "from memory"
    assert (found.recipe, found.options, found.model) == ("mine", {}, None)


def test_a_run_that_is_not_there_is_told_in_one_line(project):
    with pytest.raises(TrackingError, match=f"^run {'0' * 32}: the tracking store did not give it") as told:
        read_run("0" * 32)
    assert "\n" not in str(told.value)


def test_an_error_of_ours_stays_what_it_is(project):
    with pytest.raises(TrackingError, match="^ours$"), runs.asked("run 1"):
        raise TrackingError("ours")


@pytest.mark.parametrize(
    ("spec", "run"),
    [
        ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
        ("runs:/0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
        ("runs:/0123456789abcdef0123456789abcdef/model", None),
        ("model", None),
    ],
)
def test_a_run_is_named_by_its_id_alone(spec, run):
    assert named_run(spec) == run


def test_models_remember_their_runs(trained, project, monkeypatch):
    assert run_behind(f"runs:/{trained.run_id}/model") == run_behind(trained.run_id) == trained.run_id
    assert run_behind("pickles:a.pkl,b.pkl") is run_behind("nothing") is run_behind("") is None
    with quietly():
        client = open_client(store_uri())
        client.create_registered_model("intent")
        client.create_model_version("intent", trained.model_uri, run_id=trained.run_id)
        client.set_registered_model_alias("intent", "champion", "1")
    assert run_behind("models:/intent@champion") == trained.run_id


def test_a_model_of_the_store_knows_what_it_was_trained_on(trained, project, monkeypatch):
    data = read_dataset("train.csv")
    with quietly():
        client = open_client(store_uri())
        client.create_registered_model("intent")
        client.create_model_version("intent", trained.model_uri, run_id=trained.run_id)
    specs = (trained.model_uri, f"runs:/{trained.run_id}/model", "models:/intent/1")
    assert [training_sha256(spec) for spec in specs] == [data.sha256] * 3
    assert is_trained_on("models:/intent/1", data)
    assert not is_trained_on("models:/intent/1", data.take(range(39, -1, -1)))
    client.set_tag(trained.run_id, "roadworthy.kind", "inspection")
    client.set_tag(trained.run_id, "roadworthy.data_sha256", "of an evaluation in the same run")
    assert training_sha256("models:/intent/1") == data.sha256
    client.delete_tag(trained.run_id, "roadworthy.training_sha256")
    assert training_sha256("models:/intent/1") is None


def test_what_a_model_was_trained_on_may_be_unknown(project):
    specs = ("", "nothing", "pickles:a.pkl,b.pkl", "http://127.0.0.1:9", f"runs:/{'0' * 32}/model", "models:/none/1")
    assert {training_sha256(spec) for spec in specs} == {None}
    with quietly():
        client = open_client(store_uri())
        client.create_registered_model("mine")
        client.create_model_version("mine", str(project))
    assert training_sha256("models:/mine/1") is None


def test_an_artifact_remembers_its_run(tmp_path):
    from roadworthy import support_desk, train_hardened

    train_hardened(support_desk.load_train().sample(60)).save(tmp_path / "model")
    assert run_behind(str(tmp_path / "model")) is None
    assert training_sha256(str(tmp_path / "model")) == support_desk.load_train().sample(60).sha256
    note_run(tmp_path / "model", "a" * 32)
    assert run_behind(str(tmp_path / "model")) == "a" * 32


@pytest.mark.parametrize(
    ("described", "source"),
    [
        (json.dumps({"uri": "file:///data/my%20file.csv"}), "/data/my file.csv"),
        (json.dumps({"uri": "s3://bucket/train.csv"}), "s3://bucket/train.csv"),
        (json.dumps({"url": "https://example.com/train.csv"}), "https://example.com/train.csv"),
        ("{}", None),
        ("[]", None),
        ("no JSON", None),
    ],
)
def test_sources_are_paths_or_addresses(described, source):
    assert runs._source(described) == source
