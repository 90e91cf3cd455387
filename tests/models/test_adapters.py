"""The same model through every adapter: each keeps the contract, and an inspection gives the same figures."""

import json
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from roadworthy import inspect, support_desk
from roadworthy.checks import MESSAGES, check_model
from roadworthy.data import Dataset, Predictions
from roadworthy.inspection import Figure, Inspection
from roadworthy.models import as_model, load_model
from roadworthy.models.adapt import Model
from roadworthy.models.answers import read_answers
from roadworthy.models.answers_file import answer_all, render, with_answers
from roadworthy.models.artifact import Artifact
from roadworthy.models.load import _LOADERS
from roadworthy.models.mlflow_flavours import Form, PyfuncAdapter

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")
pytest.importorskip("httpx", reason="the extra 'http' is not installed")
pytest.importorskip("tenacity", reason="the extra 'http' is not installed")

CLEAN = support_desk.load_clean_test().sample(40)
FIGURES = ("accuracy", "accuracy_all", "difference", "flip_rate", "silent_failure_rate", "coverage")
CONFIDENCES = ("mean_confidence", "calibration_error")
MODULE = "module_of_test_adapters"
SOURCE = f"""
import joblib
pipeline = joblib.load("model.joblib")

def labels(texts):
    return pipeline.predict(texts)

def pairs(texts):
    rows = pipeline.predict_proba(texts)
    return [(pipeline.classes_[row.argmax()], row.max()) for row in rows]

def dicts(texts):
    return [dict(zip(pipeline.classes_, row)) for row in pipeline.predict_proba(texts)]

def matrix(texts):
    return pipeline.predict_proba(texts)

matrix.classes = {list(support_desk.load_train().classes)}
"""


def answered(pipeline: Pipeline, form: str, model_input: Any) -> Any:
    """What a python_function of this form gives."""
    texts = list(model_input["message"] if isinstance(model_input, pd.DataFrame) else model_input)
    rows = pipeline.predict_proba(texts)
    labels, scores = pipeline.classes_[rows.argmax(axis=1)], rows.max(axis=1)
    return {
        "labels": lambda: labels,
        "list": lambda: list(zip(labels, scores, strict=True)),
        "dicts": lambda: [{"label": label, "score": score} for label, score in zip(labels, scores, strict=True)],
        "columns": lambda: {"labels": list(labels), "scores": list(scores)},
        "frame": lambda: pd.DataFrame({"label": labels, "confidence": scores}),
        "classes": lambda: pd.DataFrame(rows, columns=pipeline.classes_),
    }[form]()


class Adapter(NamedTuple):
    """What a list of adapters says of one: the spec in a prepared folder, and whether it states its confidence."""

    spec: Callable[["World"], Any]
    confident: bool = True


class World(NamedTuple):
    """A folder with one model in every form that an adapter reads."""

    folder: Path
    pipeline: Pipeline
    run: str
    logged: str
    url: str


def as_function(world: World) -> Any:
    rows = world.pipeline.predict_proba
    return lambda texts: [dict(zip(world.pipeline.classes_, row, strict=True)) for row in rows(texts)]


ADAPTERS = {
    "an estimator": Adapter(lambda world: world.pipeline),
    "a pair": Adapter(lambda world: tuple(step for _, step in world.pipeline.steps)),
    "a function": Adapter(as_function),
    "pickles:": Adapter(lambda world: "pickles:vectorizer.joblib,classifier.joblib"),
    "a joblib file": Adapter(lambda world: "model.joblib"),
    "a skops file": Adapter(lambda world: "model.skops"),
    "python: labels": Adapter(lambda world: f"python:{MODULE}:labels", confident=False),
    "python: pairs": Adapter(lambda world: f"python:{MODULE}:pairs"),
    "python: dicts": Adapter(lambda world: f"python:{MODULE}:dicts"),
    "python: matrix": Adapter(lambda world: f"python:{MODULE}:matrix"),
    "predictions: CSV": Adapter(lambda world: "predictions:answers.csv"),
    "predictions: JSON Lines": Adapter(lambda world: "predictions:answers.jsonl"),
    "predictions: labels": Adapter(lambda world: "predictions:labels.csv", confident=False),
    "predictions: a column a class": Adapter(lambda world: "predictions:classes.csv"),
    "an MLflow folder by skops": Adapter(lambda world: "sklearn-skops"),
    "an MLflow folder by cloudpickle": Adapter(lambda world: "sklearn-cloudpickle"),
    "a python_function, labels": Adapter(lambda world: "pyfunc-labels", confident=False),
    "a python_function, list": Adapter(lambda world: "pyfunc-list"),
    "a python_function, dicts": Adapter(lambda world: "pyfunc-dicts"),
    "a python_function, columns": Adapter(lambda world: "pyfunc-columns"),
    "a python_function, frame": Adapter(lambda world: "pyfunc-frame"),
    "a python_function, a column a class": Adapter(lambda world: "pyfunc-classes"),
    "models:/ by alias": Adapter(lambda world: "models:/intent@champion"),
    "models:/ by version": Adapter(lambda world: "models:/intent/1"),
    "models:/ by model": Adapter(lambda world: f"models:/{world.logged}"),
    "runs:/": Adapter(lambda world: f"runs:/{world.run}/model"),
    "http: MLflow": Adapter(lambda world: f"{world.url}/invocations"),
    "http: Open Inference Protocol": Adapter(lambda world: f"{world.url}/v2/models/intent/infer"),
    "http: ours": Adapter(lambda world: f"{world.url}/v1/predict"),
    "endpoint: MLflow": Adapter(lambda world: "endpoint:endpoint.toml"),
    "endpoint: any JSON": Adapter(lambda world: "endpoint:json.toml"),
    "endpoint: a chat": Adapter(lambda world: "endpoint:chat.toml"),
}


class Answering(BaseHTTPRequestHandler):
    """What servers of each protocol would answer."""

    protocol_version = "HTTP/1.1"
    pipeline: Pipeline

    def do_GET(self) -> None:
        self._say({"name": "intent", "inputs": [{"name": "message", "datatype": "BYTES", "shape": [-1, 1]}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ask, answer = PROTOCOLS[self.path]
        rows = self.pipeline.predict_proba(ask(body))
        self._say(answer([dict(zip(self.pipeline.classes_, map(float, row), strict=True)) for row in rows]))

    def _say(self, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *said: Any) -> None:
        pass


def _inputs(body: dict[str, Any]) -> list[str]:
    """The texts, however MLflow may be given them."""
    if "dataframe_split" in body:
        return [row[0] for row in body["dataframe_split"]["data"]]
    return [next(iter(row.values())) if isinstance(row, dict) else row for row in body["inputs"]]


def _tensor(body: dict[str, Any]) -> list[str]:
    [given] = body["inputs"]
    assert (given["name"], given["datatype"], given["shape"]) == ("message", "BYTES", [len(given["data"]), 1])
    return list(given["data"])


def _tensors(scores: list[dict[str, float]]) -> dict[str, Any]:
    labels, best = [max(row, key=row.__getitem__) for row in scores], [max(row.values()) for row in scores]
    return {
        "outputs": [
            {"name": name, "datatype": datatype, "shape": [len(scores), 1], "data": data}
            for name, datatype, data in (("label", "BYTES", labels), ("confidence", "FP64", best))
        ]
    }


def _results(scores: list[dict[str, float]]) -> list[dict[str, Any]]:
    return [{"intent": max(row, key=row.__getitem__), "score": max(row.values())} for row in scores]


def _completion(scores: list[dict[str, float]]) -> dict[str, Any]:
    [result] = _results(scores)
    said = json.dumps({"label": result["intent"], "confidence": result["score"]})
    return {"choices": [{"message": {"role": "assistant", "content": f"```json\n{said}\n```"}}]}


def _ours(scores: list[dict[str, float]]) -> dict[str, Any]:
    return {
        "predictions": [
            {"label": row["intent"], "confidence": row["score"], "verdict": "trusted", "reasons": []}
            for row in _results(scores)
        ]
    }


# Of each address: the texts in what is asked, and the answer to their scores.
PROTOCOLS: dict[str, tuple[Callable[[Any], list[str]], Callable[[list[dict[str, float]]], Any]]] = {
    "/invocations": (_inputs, lambda scores: {"predictions": scores}),
    "/v2/models/intent/infer": (_tensor, _tensors),
    "/v1/predict": (lambda body: body["texts"], _ours),
    "/classify": (lambda body: [row["q"] for row in body["rows"]], lambda scores: {"results": _results(scores)}),
    "/v1/chat/completions": (lambda body: [body["messages"][0]["content"].partition("\n")[2]], _completion),
}
JSON = """url = "{url}/classify"
[request]
body = {{ rows = [{{ q = "$text" }}] }}
[answer]
labels = "results[*].intent"
confidence = "results[*].score"
"""
CHAT = """url = "{url}/v1/chat/completions"
[chat]
model = "small"
labels = {labels}
template = "Which is it: $labels?\\n$text"
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    train = support_desk.load_train().sample(200)
    pipeline = make_pipeline(CountVectorizer(), LogisticRegression()).fit(train.texts, train.labels)
    folder = tmp_path_factory.mktemp("world")
    handler = type("Handler", (Answering,), {"pipeline": pipeline})
    with pytest.MonkeyPatch.context() as patch, ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        patch.chdir(folder)
        patch.setattr(sys, "path", [*sys.path])
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        _save_files(folder, pipeline, url)
        run, logged = _save_to_mlflow(folder, pipeline)
        yield World(folder, pipeline, run, logged, url)
        server.shutdown()
    sys.modules.pop(MODULE, None)


def _save_files(folder: Path, pipeline: Pipeline, url: str) -> None:
    joblib.dump(pipeline, folder / "model.joblib")
    for name, (_, step) in zip(("vectorizer", "classifier"), pipeline.steps, strict=True):
        joblib.dump(step, folder / f"{name}.joblib")
    skops.io.dump(pipeline, folder / "model.skops")
    (folder / f"{MODULE}.py").write_text(SOURCE)
    (folder / "endpoint.toml").write_text(f'url = "{url}/invocations"\nformat = "mlflow"\nbatch_size = 50\n')
    (folder / "json.toml").write_text(JSON.format(url=url))
    (folder / "chat.toml").write_text(CHAT.format(url=url, labels=[*map(str, pipeline.classes_)]))
    texts = sorted({*_asked_in_an_inspection(pipeline), *MESSAGES})
    rows = pipeline.predict_proba(texts)
    scores = pd.DataFrame(rows, columns=pipeline.classes_)
    answers = pd.DataFrame({"text": texts, "label": scores.idxmax(axis=1), "confidence": rows.max(axis=1)})
    answers.to_csv(folder / "answers.csv", index=False)
    answers.to_json(folder / "answers.jsonl", orient="records", lines=True, double_precision=15)
    answers[["text", "label"]].to_csv(folder / "labels.csv", index=False)
    scores.assign(text=texts).to_csv(folder / "classes.csv", index=False)


class Recording:
    """A model that remembers what it was asked."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline, self.asked = pipeline, set[str]()

    def answer(self, texts: list[str]) -> Predictions:
        self.asked.update(texts)
        return read_answers(self.pipeline.predict(texts), len(texts), "recording")


def _asked_in_an_inspection(pipeline: Pipeline) -> set[str]:
    recording = Recording(pipeline)
    inspect(recording, CLEAN, suite="quick")
    return recording.asked


def _save_to_mlflow(folder: Path, pipeline: Pipeline) -> tuple[str, str]:
    from roadworthy.mlflow_store import quietly

    labels = np.array(["refund"])
    # MLflow shows what it says of type hints whatever the filters.
    with quietly(), warnings.catch_warnings(record=True):
        import mlflow.pyfunc
        import mlflow.sklearn
        from mlflow.models import infer_signature

        for by, more in (("skops", {"skops_trusted_types": ["numpy.dtype"]}), ("cloudpickle", {})):
            mlflow.sklearn.save_model(
                pipeline, folder / f"sklearn-{by}", serialization_format=by, pip_requirements=[], **more
            )
        # A signature without names would make a table of any list, whose column these models would not know.
        signatures = {
            "dicts": infer_signature(np.array(["a message"]), labels),
            "columns": infer_signature(pd.Series(["a message"], name="message"), labels),
            "frame": infer_signature(pd.DataFrame({"message": ["a message"]}), labels),
        }
        for form in ("labels", "list", "dicts", "columns", "frame", "classes"):
            mlflow.pyfunc.save_model(
                folder / f"pyfunc-{form}",
                python_model=_python_function(pipeline, form),
                signature=signatures.get(form),
                pip_requirements=[],
            )
        with mlflow.start_run() as run:
            logged = mlflow.sklearn.log_model(
                pipeline,
                name="model",
                serialization_format="skops",
                skops_trusted_types=["numpy.dtype"],
                pip_requirements=[],
                registered_model_name="intent",
            )
        mlflow.MlflowClient().set_registered_model_alias("intent", "champion", "1")
    return run.info.run_id, logged.model_id


def _python_function(pipeline: Pipeline, form: str) -> Any:
    from mlflow.pyfunc import PythonModel

    class Asked(PythonModel):  # type: ignore[misc]
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            return answered(pipeline, form, model_input)

    return Asked()


def load(adapter: str, world: World) -> Model:
    spec = ADAPTERS[adapter].spec(world)
    return load_model(spec, allow_pickle=True) if isinstance(spec, str) else as_model(spec)


@pytest.fixture(scope="module")
def expected(world: World) -> Inspection:
    return inspect(world.pipeline, CLEAN, suite="quick")


def test_the_list_forgets_no_kind_of_spec() -> None:
    kinds = {kind for kinds in _LOADERS for kind in ([kinds] if isinstance(kinds, str) else kinds)}
    # These are tested where there is a model for them, and where there is a server to ask.
    elsewhere = {"hf:", "https://", "mlflow-artifacts:/"}
    listed = {kind for kind in kinds if any(adapter.startswith(kind.rstrip("/")) for adapter in ADAPTERS)}
    assert kinds - elsewhere == listed


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_adapter_keeps_the_contract(adapter: str, world: World) -> None:
    check_model(load(adapter, world), MESSAGES)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_adapter_gives_the_same_figures(adapter: str, world: World, expected: Inspection) -> None:
    found = inspect(load(adapter, world), CLEAN, suite="quick")
    names = (*FIGURES, *(CONFIDENCES if ADAPTERS[adapter].confident else ()))
    for group, wanted in zip(found.groups, expected.groups, strict=True):
        assert group.key == wanted.key
        assert group.n == wanted.n
        for name in names:
            assert_same(getattr(group, name), getattr(wanted, name))
        assert group.recall.keys() == wanted.recall.keys()


def assert_same(found: Figure, wanted: Figure) -> None:
    assert found.n == wanted.n
    for part in ("value", "low", "high"):
        assert getattr(found, part) == pytest.approx(getattr(wanted, part), abs=1e-6)


@pytest.fixture(scope="module")
def guarded(
    saved: Path, trained: Artifact, messages: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Model]]:
    """One model with its guard, by each adapter that carries the guard's verdicts."""
    from roadworthy.mlflow_store import quietly
    from roadworthy.tracking import save_mlflow_model

    folder = tmp_path_factory.mktemp("guarded")
    recording = Recording(trained.model.estimator)
    inspect(recording, CLEAN, suite="quick")
    asked = pd.DataFrame({"text": sorted({*recording.asked, *MESSAGES})})
    answers = with_answers(asked, answer_all(trained.model, tuple(asked["text"])))
    (folder / "answers.csv").write_bytes(render(answers, ".csv"))
    save_mlflow_model(trained, folder / "mlflow", example=messages.texts)
    with pytest.MonkeyPatch.context() as patch, quietly():
        import mlflow

        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        with mlflow.start_run() as run:
            mlflow.log_artifacts(str(folder / "mlflow"), "model")
        loaded = mlflow.pyfunc.load_model(str(folder / "mlflow"))
        yield {
            "an artifact": load_model(saved),
            "an MLflow folder": load_model(folder / "mlflow"),
            "runs:/": load_model(f"runs:/{run.info.run_id}/model"),
            "a python_function": PyfuncAdapter(loaded, Form("list"), "pyfunc"),
            "predictions:": load_model(f"predictions:{folder / 'answers.csv'}"),
        }


@pytest.mark.parametrize("adapter", ["an MLflow folder", "runs:/", "a python_function", "predictions:"])
def test_what_carries_a_guard_gives_the_same_figures(adapter: str, guarded: dict[str, Model]) -> None:
    expected = inspect(guarded["an artifact"], CLEAN, suite="quick")
    assert 0 < expected.groups[0].coverage.value < 1
    check_model(guarded[adapter], MESSAGES)
    found = inspect(guarded[adapter], CLEAN, suite="quick")
    for group, wanted in zip(found.groups, expected.groups, strict=True):
        for name in (*FIGURES, *CONFIDENCES):
            assert_same(getattr(group, name), getattr(wanted, name))
