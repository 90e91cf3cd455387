"""`mlflow.models.evaluate` inspects, and what it logs lines up with an inspection."""

import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from roadworthy import support_desk, tracking
from roadworthy.errors import DataError, ModelError, RoadworthyError, SettingsError
from roadworthy.mlflow_store import quietly
from roadworthy.models.guarded import GuardedModel
from roadworthy.models.mlflow_flavours import PyfuncAdapter
from roadworthy.models.mlflow_model import Registered
from roadworthy.registry import register

from .samples import client, make_pipeline

evaluator = pytest.importorskip("roadworthy.tracking.evaluator", reason="the extra 'mlflow' is not installed")

TEST = support_desk.load_clean_test().take(range(0, 240, 4))
FRAME = pd.DataFrame({"text": TEST.texts, "label": TEST.labels})
QUICK = {"suite": "quick"}


def only_label(frame: pd.DataFrame) -> list[str]:
    return ["order_status" if "order" in text else "cancel_order" for text in frame["text"]]


@pytest.fixture
def evaluate(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Evaluate in the store of a project, as a user does, the evaluator being registered."""
    import mlflow

    with quietly():
        from mlflow.models.evaluation.evaluator_registry import _model_evaluation_registry as registry

    registry.register("roadworthy", evaluator.RoadworthyEvaluator)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking.store_uri())

    def evaluated(model: Any, data: Any = FRAME, **options: Any) -> Any:
        asked = {"targets": "label", "model_type": "classifier", "evaluators": "roadworthy"} | options
        asked.setdefault("evaluator_config", QUICK)
        with quietly(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return mlflow.models.evaluate(model, data, **asked)

    yield evaluated
    while mlflow.active_run():
        mlflow.end_run()


def test_a_function_is_inspected_in_a_run_that_lines_up_with_inspections(evaluate: Callable[..., Any]) -> None:
    from roadworthy import inspect

    found = evaluate(only_label)
    run = client().get_run(found.run_id)
    asked = inspect(lambda texts: only_label(pd.DataFrame({"text": texts})), TEST, suite="quick")
    expected = {name: value for name, _, value in tracking.inspection_metrics(asked) if not name.startswith("cost/")}
    logged = {name: value for name, value in run.data.metrics.items() if not name.startswith("cost/")}
    assert logged == expected
    assert run.info.status == "FINISHED"
    assert run.data.tags["roadworthy.kind"] == "inspection"
    assert run.data.tags["roadworthy.data_sha256"] == TEST.sha256
    assert run.data.params["suite"] == "quick"
    assert found.metrics["clean/accuracy"] == expected["clean/accuracy"]
    assert found.metrics["typos/3/accuracy"] == expected["typos/accuracy"]


def test_the_report_is_among_the_artifacts_and_families_are_nested(evaluate: Callable[..., Any]) -> None:
    found = evaluate(only_label)
    assert set(found.artifacts) == {"roadworthy/report.html", "roadworthy/inspection.json"}
    assert "Roadworthy inspection report" in found.artifacts["roadworthy/report.html"].content
    page = Path.cwd() / found.artifacts["roadworthy/report.html"].uri.removeprefix("file://")
    assert page.is_file()
    store = client()
    experiment = store.get_run(found.run_id).info.experiment_id
    children = store.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{found.run_id}'")
    assert "typos" in {child.info.run_name for child in children}


def test_a_gate_decides_and_its_decision_can_be_validated(evaluate: Callable[..., Any]) -> None:
    import mlflow
    from mlflow.models import MetricThreshold
    from mlflow.models.evaluation.validation import ModelValidationFailedException

    found = evaluate(only_label, evaluator_config=QUICK | {"gate": {"min_accuracy": 0.9}})
    assert found.metrics["gate/passed"] == 0
    assert found.artifacts["roadworthy/decision.json"].content["outcome"] == "fail"
    assert client().get_run(found.run_id).data.tags["roadworthy.gate"] == "fail"
    passed = {"gate/passed": MetricThreshold(threshold=1, greater_is_better=True)}
    with pytest.raises(ModelValidationFailedException, match="gate/passed"):
        mlflow.validate_evaluation_results(passed, found)


def test_the_gate_of_the_project_or_of_a_file_is_read(evaluate: Callable[..., Any], project: Path) -> None:
    (project / "roadworthy.toml").write_text("[gate]\nmin_accuracy = 0.99\n", encoding="utf-8")
    for gate in (True, str(project / "roadworthy.toml")):
        found = evaluate(only_label, evaluator_config=QUICK | {"gate": gate})
        assert found.artifacts["roadworthy/decision.json"].content["gate"]["min_accuracy"] == 0.99


def registered(*share: float) -> None:
    """Versions of a registered model, each trained on a share of the messages; the first is the champion."""
    train = support_desk.load_train()
    for part in share:
        data = train.sample(int(part * len(train)))
        pipeline = make_pipeline().fit(data.texts, data.labels)
        run = tracking.track_training(recipe="notebook", estimator=pipeline, data=data, params={}, metrics={})
        register("intent", run.run_id)
    client().set_registered_model_alias("intent", "champion", "1")


def test_a_version_is_compared_with_its_champion(evaluate: Callable[..., Any]) -> None:
    registered(1, 0.1)
    gate = dict.fromkeys(("min_accuracy", "max_drop", "max_silent_failure_rate", "min_worst_class"), False)
    found = evaluate("models:/intent/2", evaluator_config=QUICK | {"gate": gate})
    decision = found.artifacts["roadworthy/decision.json"].content
    assert decision["champion"] == "models:/intent/1"
    stopping = [result["bound"] for result in decision["results"] if result["stops"]]
    assert set(stopping) == {"max_regression"}
    assert found.metrics["gate/passed"] == 0
    assert found.artifacts["roadworthy/comparison.json"].content["verdict"] == "worse"
    found = evaluate("models:/intent/1", evaluator_config=QUICK | {"gate": gate})
    assert found.artifacts["roadworthy/decision.json"].content["champion"] is None
    found = evaluate(only_label, evaluator_config=QUICK | {"gate": gate, "champion": "models:/intent@champion"})
    assert found.artifacts["roadworthy/decision.json"].content["champion"] == "models:/intent/1"


def test_of_several_champions_one_must_be_named(evaluate: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from roadworthy.models import mlflow_model

    own = [Registered("a", "2", None), Registered("b", "2", None), Registered("c", "1", None)]
    monkeypatch.setattr(mlflow_model, "versions_of", lambda *_: own)
    monkeypatch.setattr(mlflow_model, "champion_of", lambda name: Registered(name, "1", None))
    with pytest.raises(SettingsError, match="several champions: models:/a/1, models:/b/1; name the one"):
        evaluate(only_label, evaluator_config=QUICK | {"gate": {}})


def test_a_logged_model_keeps_its_probabilities_and_gets_the_figures(evaluate: Callable[..., Any]) -> None:
    train = support_desk.load_train()
    pipeline = make_pipeline().fit(train.texts, train.labels)
    run = tracking.track_training(recipe="notebook", estimator=pipeline, data=train, params={}, metrics={})
    found = evaluate(run.model_uri, model_type="text")
    assert 0 < found.metrics["clean/mean_confidence"] <= 1
    assert found.metrics["clean/oov_rate"] < 0.5
    model = client().get_logged_model(str(run.model_uri).removeprefix("models:/"))
    assert {"clean/accuracy", "typos/3/accuracy"} <= {metric.key for metric in model.metrics}
    history = client().get_metric_history(found.run_id, "typos/accuracy")
    assert [metric.step for metric in history] == [3]


@pytest.mark.slow
def test_an_artifact_is_inspected_with_its_guard(
    evaluate: Callable[..., Any], hardened: Any, training: Any, project: Path
) -> None:
    run = tracking.track_artifact(hardened, training, hardened.save(project / "model"))
    found = evaluate(run.model_uri)
    assert found.metrics["clean/coverage"] < 1
    assert client().get_run(found.run_id).data.params["guarded"] == "True"


def test_what_a_user_s_run_holds_already_stays(evaluate: Callable[..., Any]) -> None:
    import mlflow

    with mlflow.start_run(experiment_id=mlflow.create_experiment("mine")) as run:
        mlflow.log_param("model", "my model")
        mlflow.set_tag("mlflow.note.content", "my note")
        assert evaluate(only_label).run_id == run.info.run_id
    logged = client().get_run(run.info.run_id)
    assert (logged.data.params["model"], logged.data.params["suite"]) == ("my model", "quick")
    assert logged.data.tags["mlflow.note.content"] == "my note"


def test_real_messages_of_a_file_are_inspected_too(evaluate: Callable[..., Any], project: Path) -> None:
    (project / "real.csv").write_text("text,sort\nwheres my order,slang\nplz cancel,slang\n", encoding="utf-8")
    found = evaluate(only_label, evaluator_config=QUICK | {"real": "real.csv", "kind": "sort", "sample": 40})
    assert client().get_run(found.run_id).data.params["real_messages"] == "2"
    assert client().get_run(found.run_id).data.params["sample"] == "40"


def test_profile_slices_and_training_messages_mean_what_they_mean_to_the_command(
    evaluate: Callable[..., Any], project: Path
) -> None:
    (project / "known.csv").write_text(f"text\n{json.dumps(TEST.texts[0])}\n", encoding="utf-8")
    sliced = FRAME.assign(channel=["mail", None, "chat"] * 20)
    config = QUICK | {"profile": "texting", "slices": ["channel"], "train": str(project / "known.csv")}
    content = evaluate(only_label, sliced, evaluator_config=config).artifacts["roadworthy/inspection.json"].content
    assert content["settings"]["profile"] == "texting"
    assert {part["value"] for part in content["slices"] if part["by"] == "channel"} == {"mail", "chat", "(none)"}
    assert "clean_in_training" in {finding["code"] for finding in content["findings"]}
    with pytest.raises(DataError, match="no messages have a column 'chanel'"):
        evaluate(only_label, sliced, evaluator_config=config | {"slices": ["chanel"]})


def test_a_model_is_not_judged_on_what_it_was_trained_on(evaluate: Callable[..., Any]) -> None:
    pipeline = make_pipeline().fit(TEST.texts, TEST.labels)
    run = tracking.track_training(recipe="notebook", estimator=pipeline, data=TEST, params={}, metrics={})
    found = evaluate(run.model_uri, evaluator_config=QUICK | {"gate": {}})
    refusals = found.artifacts["roadworthy/decision.json"].content["refusals"]
    assert "clean_in_training" in {refusal["code"] for refusal in refusals}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"suit": "quick"}, "evaluator_config: suit is unknown; use suite, profile, slices, seed"),
        ({"seed": "x"}, "evaluator_config: seed: .*integer.*as roadworthy inspect takes it"),
        ({"gate": {"min_acuracy": 1}}, r"evaluator_config: gate\.min_acuracy"),
        ({"gate": "gone.toml"}, r"gone\.toml"),
    ],
)
def test_a_setting_that_is_not_known_is_said(evaluate: Callable[..., Any], config: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        evaluate(only_label, evaluator_config=config)


def test_predictions_alone_are_not_enough(evaluate: Callable[..., Any]) -> None:
    with pytest.raises(ModelError, match="there is none to ask; give the model"):
        evaluate(None, FRAME.assign(answer=FRAME["label"]), predictions="answer")


def test_without_labels_nothing_can_be_judged(evaluate: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="no labels; name their column: targets="):
        evaluate(only_label, FRAME[["text"]], model_type="text", targets=None)


def test_a_model_that_takes_no_texts_is_said(evaluate: Callable[..., Any]) -> None:
    def refuse(_: Any) -> list[str]:
        raise KeyError("age")

    with pytest.raises(ModelError, match=r"does not answer texts \(KeyError: 'age'\)"):
        evaluate(refuse)
    with pytest.raises(ModelError, match="1 answer to 3 messages"):
        evaluate(lambda _: ["order_status"])


def held(features: Any, labels: Any = ("a", "b"), **more: Any) -> SimpleNamespace:
    return SimpleNamespace(
        **({"features_data": features, "labels_data": list(labels), "name": "d", "path": None} | more)
    )


@pytest.mark.parametrize(
    ("features", "column"),
    [
        (["hi", "ho"], None),
        (np.array([["hi"], ["ho"]]), None),
        (np.array(["hi", "ho"]), None),
        (pd.DataFrame({"said": ["hi", "ho"]}), "said"),
        (pd.DataFrame({"id": ["1", "2"], "message": ["hi", "ho"]}), "message"),
    ],
)
def test_messages_are_found_in_whatever_mlflow_holds(features: Any, column: str | None) -> None:
    data, found = evaluator._messages(held(features), evaluator.Settings())
    assert (data.texts, data.labels, data.name, found) == (("hi", "ho"), ("a", "b"), "d", column)


def test_a_column_is_chosen_by_name_or_its_absence_is_said() -> None:
    table = pd.DataFrame({"id": ["1", "2"], "said": ["hi", "ho"]})
    data, _ = evaluator._messages(held(table, path="a.csv"), evaluator.Settings(text="said"))
    assert (data.texts, data.name) == (("hi", "ho"), "a.csv")
    with pytest.raises(RoadworthyError, match="no text column among: 'id', 'said'"):
        evaluator._messages(held(table), evaluator.Settings())


@pytest.mark.parametrize("kind", ["regressor", None])
def test_only_classifiers_of_text_are_evaluated(kind: str | None) -> None:
    assert not evaluator.RoadworthyEvaluator().can_evaluate(model_type=kind, evaluator_config=QUICK)


@pytest.mark.parametrize(
    ("evaluators", "config"),
    [(["roadworthy"], None), (["roadworthy"], {"roadworthy": QUICK}), (None, {"roadworthy": QUICK, "shap": {}})],
)
def test_it_runs_where_it_is_named(evaluate: Callable[..., Any], evaluators: Any, config: Any) -> None:
    found = evaluate(only_label, FRAME.iloc[::4], evaluators=evaluators, evaluator_config=config)
    assert "clean/coverage" in found.metrics


@pytest.mark.parametrize("config", [{}, {"log_model_explainability": False}])
def test_it_does_not_come_unasked(evaluate: Callable[..., Any], config: dict[str, Any]) -> None:
    numbers = pd.DataFrame({"age": [20.0, 30.0, 40.0], "label": [0, 1, 0]})
    found = evaluate(lambda frame: [0] * len(frame), numbers, evaluators=None, evaluator_config=config)
    assert "accuracy_score" in found.metrics
    assert "clean/coverage" not in found.metrics


def test_what_is_behind_a_python_function_is_asked_where_it_takes_texts(hardened: Any) -> None:
    guarded = SimpleNamespace(get_raw_model=lambda: hardened.model)
    assert isinstance(evaluator._model(guarded, ["hi"], None), GuardedModel)
    numeric = SimpleNamespace(
        get_raw_model=lambda: make_pipeline().steps[-1][1], predict=lambda given: ["order"] * len(given)
    )
    assert isinstance(evaluator._model(numeric, ["hi"], None), PyfuncAdapter)


def test_the_settings_say_what_the_command_says() -> None:
    assert json.loads(evaluator.read_settings(None).model_dump_json())["suite"] == "standard"
