"""A model is known by what it answers with, and goes to the store once."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from roadworthy import tracking
from roadworthy.data import Dataset
from roadworthy.models.artifact import load_artifact
from roadworthy.models.mlflow_model import Registered
from roadworthy.tracking.stored import artifact_sha256, estimator_sha256, find_stored

from .samples import CLEAN, client, make_inspection, make_pipeline

SAME_IN_ANOTHER_PROCESS = """
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.linear_model import LogisticRegression
from roadworthy.tracking.stored import estimator_sha256
texts, labels = ["where is my order", "refund please"] * 4, ["order", "refund"] * 4
words = FeatureUnion([("words", CountVectorizer(stop_words=["the", "a", "is"]))])
model = make_pipeline(words, LogisticRegression()).fit(texts, labels)
print(estimator_sha256(model))
"""


def models(run: tracking.TrackedRun) -> tuple[list[str], list[str]]:
    """Give the models that went into a run, and those that came out of it."""
    logged = client().get_run(run.run_id)
    return (
        [entry.model_id for entry in logged.inputs.model_inputs],
        [entry.model_id for entry in logged.outputs.model_outputs],
    )


def test_the_hash_of_an_estimator_is_that_of_what_it_learned() -> None:
    one = estimator_sha256(make_pipeline())
    assert one == estimator_sha256(make_pipeline())
    assert one != estimator_sha256(make_pipeline(ngram_range=(1, 2)))


@pytest.mark.slow
def test_the_hash_of_an_estimator_is_the_same_in_any_process() -> None:
    answers = set()
    for seed in ("1", "2"):
        asked = [sys.executable, "-c", SAME_IN_ANOTHER_PROCESS]
        environment = {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"}
        answers.add(subprocess.run(asked, capture_output=True, text=True, check=True, env=environment).stdout)
    assert len(answers) == 1


@pytest.mark.slow
def test_the_hash_of_an_artifact_outlives_saving_and_loading(hardened: Any, tmp_path: Path) -> None:
    once = load_artifact(hardened.save(tmp_path / "once"))
    twice = load_artifact(once.save(tmp_path / "twice"))
    assert artifact_sha256(hardened) == artifact_sha256(once) == artifact_sha256(twice)


def test_another_guard_makes_another_artifact(hardened: Any) -> None:
    from copy import copy

    from roadworthy.models.guarded import GuardedModel

    guard = copy(hardened.model.guard)
    guard.flag_rate = 0.3
    model = GuardedModel(hardened.model.model, guard, name="ours", estimator=hardened.model.estimator)
    assert artifact_sha256(replace(hardened, model=model)) != artifact_sha256(hardened)


@pytest.mark.slow
def test_a_wrapped_model_is_known_by_its_estimator_or_by_its_code(training: Dataset, tmp_path: Path) -> None:
    from roadworthy.training.wrap import wrap

    texts, labels = training.texts, training.labels
    pipelines = [make_pipeline().fit(texts, labels) for _ in range(2)]
    first, second = (wrap(pipeline, training, seen=True).artifact for pipeline in pipelines)
    assert artifact_sha256(first) == artifact_sha256(second)
    named = replace(first, reference="hf:some/model")
    assert artifact_sha256(named) != artifact_sha256(replace(first, reference="hf:other/model"))


def test_an_inspection_links_to_the_model_that_its_training_stored(
    report: Path, hardened: Any, training: Dataset
) -> None:
    folder = hardened.save(report.parent / "model")
    trained = tracking.track_artifact(hardened, training, folder)
    model_id = models(trained)[1][0]
    assert trained.model_uri == f"models:/{model_id}"
    run = tracking.track_inspection(make_inspection(), report, artifact=load_artifact(folder), clean=CLEAN)
    assert run.model_uri == trained.model_uri
    assert models(run) == ([model_id], [])
    assert len(client().search_logged_models([run.experiment_id])) == 1
    logged = client().get_logged_model(model_id)
    assert "clean/accuracy" in {metric.key for metric in logged.metrics}
    sha256 = logged.tags["roadworthy.model_sha256"]
    assert {client().get_run(one.run_id).data.tags["roadworthy.model_sha256"] for one in (run, trained)} == {sha256}


def test_a_model_of_another_experiment_is_found_and_one_that_failed_is_not(report: Path) -> None:
    elsewhere = tracking.track_inspection(make_inspection(), report, estimator=make_pipeline(), experiment="other")
    again = tracking.track_inspection(make_inspection(), report, estimator=make_pipeline())
    assert again.model_uri == elsewhere.model_uri
    assert models(again)[1] == []
    store = client()
    model_id = str(elsewhere.model_uri).removeprefix("models:/")
    store.finalize_logged_model(model_id, "FAILED")
    sha256 = store.get_logged_model(model_id).tags["roadworthy.model_sha256"]
    assert find_stored(store, again.experiment_id, sha256) is None


def test_a_training_stores_its_own_model_even_if_it_is_the_same(project: Path) -> None:
    runs = [
        tracking.track_training(recipe="notebook", estimator=make_pipeline(), data=CLEAN, params={}, metrics={})
        for _ in range(2)
    ]
    assert runs[0].model_uri != runs[1].model_uri
    assert [len(models(run)[1]) for run in runs] == [1, 1]


def test_a_run_without_a_model_has_no_uri(report: Path) -> None:
    assert tracking.track_inspection(make_inspection(), report).model_uri is None
    assert tracking.track_inspection(make_inspection(), report, estimator="no model").model_uri is None


def test_the_model_of_a_registered_version_is_linked_and_nothing_is_sent(
    report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking.store_uri())
    trained = tracking.track_training(
        recipe="notebook", estimator=make_pipeline(), data=CLEAN, params={}, metrics={}, experiment="training"
    )
    store = client()
    store.create_registered_model("intent")
    model_id = str(trained.model_uri).removeprefix("models:/")
    for source, known in ((str(trained.model_uri), model_id), (str(report), None)):
        version = store.create_model_version("intent", source, run_id=trained.run_id)
        asked = Registered("intent", str(version.version), trained.run_id)
        run = tracking.track_inspection(make_inspection(), report, registered=asked, estimator="no model")
        assert models(run) == ([known] if known else [], [])
