"""An artifact as an MLflow model: whole, pinned, redacted, and loaded without running code."""

import io
import json
import pickle
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from roadworthy import load_model
from roadworthy.data import Dataset
from roadworthy.errors import MissingExtraError, ModelError, OutputError
from roadworthy.models.artifact import load_artifact
from roadworthy.models.guarded import GuardedModel
from roadworthy.models.hardened import HardenedClassifier
from roadworthy.tracking import model as tracking_model
from roadworthy.tracking import save_mlflow_model

pytest.importorskip("mlflow", reason="the extra 'mlflow' is not installed")

MESSAGES = ["i want my money back", "qwrtz zxcv"]

# No pickle can be read from here on, by whatever name; what is loaded must do without.
LOADED_IN_A_FRESH_PROCESS = """
import _pickle, json, os, pickle, sys
import cloudpickle

def refuse(*args, **more):
    raise AssertionError("a pickle was read")

class Refusing(pickle._Unpickler):
    __init__ = refuse

for module in (pickle, _pickle, cloudpickle):
    module.load = module.loads = refuse
pickle.Unpickler = pickle._Unpickler = Refusing

os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
import mlflow.pyfunc
guarded = mlflow.pyfunc.load_model(sys.argv[1]).predict(json.loads(sys.argv[2]))
# MLflow counts skops among the pickles here, because it trusts the types that the model itself names.
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "true"
import mlflow.sklearn
estimator = mlflow.sklearn.load_model(sys.argv[1])
alone = estimator.predict(json.loads(sys.argv[2])).tolist()
print(json.dumps([guarded.to_dict("list"), type(estimator).__name__, alone]))
"""


@pytest.fixture(scope="module")
def saved(hardened: Any, training: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model"
    save_mlflow_model(hardened, path, example=["ring 020 7946 0958", *training.texts])
    return path


@pytest.fixture(scope="module")
def wrapped(training: Dataset) -> Any:
    """Wrap a pipeline that is here, and is saved with its guard."""
    from roadworthy.training.wrap import wrap

    return wrap(make_pipeline(training), training, flag_rate=0.2).artifact


def make_pipeline(training: Dataset, **options: Any) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(CountVectorizer(**options), LogisticRegression()).fit(training.texts, training.labels)


def split_each(text: str) -> list[str]:
    return text.split()


def flavours(path: Path) -> dict[str, Any]:
    from mlflow.models import Model

    found: dict[str, Any] = Model.load(str(path)).flavors
    return found


def contents(content: bytes) -> list[bytes]:
    """Give a file, or if it is a zip archive every file in it."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return [content]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist()]


def is_pickle(content: bytes) -> bool:
    if content.startswith(b"\x93NUMPY"):
        return np.lib.format.read_magic(io.BytesIO(content)) and b"'descr': '|O'" in content[:200]
    try:
        pickle.loads(content)
    except Exception:
        return False
    return True


def test_a_pickle_would_be_seen() -> None:
    object_array = io.BytesIO()
    np.save(object_array, np.array([None]), allow_pickle=True)
    assert is_pickle(pickle.dumps(MESSAGES))
    assert is_pickle(object_array.getvalue())


def test_there_is_no_pickle_in_the_folder(saved: Path) -> None:
    files = [path for path in saved.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"MLmodel", "model.skops", "guard.npz", "roadworthy.json"}
    parts = [part for path in files for part in contents(path.read_bytes())]
    assert len(parts) > 20
    assert not any(map(is_pickle, parts))
    assert not {path.suffix for path in files} & {".pkl", ".pickle", ".joblib", ".py"}


def test_it_loads_in_a_fresh_process_that_can_read_no_pickle(saved: Path, hardened: Any) -> None:
    asked = [sys.executable, "-c", LOADED_IN_A_FRESH_PROCESS, str(saved), json.dumps(MESSAGES)]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    guarded, name, alone = json.loads(answer.stdout)
    expected = hardened.model.answers(MESSAGES)
    assert guarded["label"] == alone == [found.label for found in expected]
    assert guarded["verdict"] == [found.verdict for found in expected]
    assert guarded["reasons"] == [";".join(found.reasons) for found in expected]
    assert guarded["confidence"] == pytest.approx([found.confidence for found in expected])
    assert guarded["familiarity"] == pytest.approx([found.familiarity for found in expected])
    assert guarded["verdict"][1] == "flagged"
    assert name == "HardenedClassifier"


@pytest.mark.parametrize(
    "model_input",
    [
        MESSAGES,
        np.array(MESSAGES),
        pd.Series(MESSAGES),
        pd.DataFrame({"text": MESSAGES}),
        pd.DataFrame({"message": MESSAGES, "label": MESSAGES}),
    ],
)
def test_mlflow_hands_on_every_form_of_messages(saved: Path, hardened: Any, model_input: Any) -> None:
    import mlflow.pyfunc

    found = mlflow.pyfunc.load_model(str(saved)).predict(model_input)
    assert found["label"].tolist() == hardened.model.answer(MESSAGES).labels.tolist()


def test_a_missing_message_passes_mlflow_s_check_of_the_input(saved: Path) -> None:
    import mlflow.pyfunc

    found = mlflow.pyfunc.load_model(str(saved)).predict(pd.DataFrame({"text": ["refund me", None]}))
    assert found["reasons"].iloc[1] == "empty"


def test_a_column_that_mlflow_picked_by_its_place_is_not_taken_for_messages(saved: Path) -> None:
    import mlflow.pyfunc

    with pytest.raises(Exception, match="no text column among: 'customer'; put the messages first"):
        mlflow.pyfunc.load_model(str(saved)).predict(pd.DataFrame({"customer": ["jo"], "text": ["refund me"]}))


def test_the_model_states_its_columns_and_shows_redacted_messages(saved: Path, training: Dataset) -> None:
    import mlflow.pyfunc

    loaded = mlflow.pyfunc.load_model(str(saved))
    assert loaded.input_example == ["ring [phone]", *training.texts[:2]]
    assert [column.to_dict() for column in loaded.metadata.get_input_schema()] == [{"type": "string", "required": True}]
    outputs = {column.name: (column.type.name, column.required) for column in loaded.metadata.get_output_schema()}
    assert outputs == {
        "label": ("string", True),
        "confidence": ("double", False),
        "verdict": ("string", True),
        "reasons": ("string", True),
        "familiarity": ("double", True),
    }


def test_the_environment_is_pinned_in_each_of_mlflow_s_three_files(saved: Path) -> None:
    from mlflow.pyfunc import get_model_dependencies

    pinned = (saved / "requirements.txt").read_text("utf-8").splitlines()
    names = [line.partition("==")[0] for line in pinned]
    assert names == ["mlflow", "roadworthy", "scikit-learn", "numpy", "scipy", "skops"]
    assert all("==" in line for line in pinned)
    assert Path(get_model_dependencies(str(saved))).read_text("utf-8").splitlines() == pinned
    conda = (saved / "conda.yaml").read_text("utf-8")
    assert all(f"  - {line}\n" in conda for line in pinned)
    assert "-r requirements.txt" in (saved / "python_env.yaml").read_text("utf-8")


def test_the_size_is_that_of_the_folder(saved: Path) -> None:
    from mlflow.models import Model

    size = sum(path.stat().st_size for path in saved.rglob("*") if path.is_file() and path.name != "MLmodel")
    assert Model.load(str(saved)).model_size_bytes == size


def test_roadworthy_loads_it_with_its_guard(saved: Path, hardened: Any) -> None:
    loaded = load_model(saved)
    assert isinstance(loaded, GuardedModel)
    assert loaded.answers(MESSAGES) == hardened.model.answers(MESSAGES)


def test_only_the_types_that_occur_are_trusted(saved: Path, wrapped: Any, tmp_path: Path) -> None:
    assert flavours(saved)["sklearn"]["skops_trusted_types"] == [
        "roadworthy.features.character_ngrams",
        "roadworthy.features.word_ngrams",
        "roadworthy.models.hardened.HardenedClassifier",
        "roadworthy.spelling.SpellingCorrector",
    ]
    save_mlflow_model(wrapped, tmp_path / "model", example=MESSAGES)
    assert flavours(tmp_path / "model")["sklearn"]["skops_trusted_types"] == []


def test_a_wrapped_pipeline_is_given_back_by_the_sklearn_flavour(
    wrapped: Any, training: Dataset, tmp_path: Path
) -> None:
    import mlflow.pyfunc
    import mlflow.sklearn

    save_mlflow_model(wrapped, tmp_path / "model", example=[])
    pipeline = mlflow.sklearn.load_model(str(tmp_path / "model"))
    assert type(pipeline).__name__ == "Pipeline"
    assert pipeline.predict(MESSAGES).tolist() == make_pipeline(training).predict(MESSAGES).tolist()
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    assert loaded.input_example == ["a message"]
    assert loaded.predict(MESSAGES)["verdict"].tolist()[1] == "flagged"


def test_a_model_that_stays_elsewhere_has_no_sklearn_flavour(
    training: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow.pyfunc

    from roadworthy.training.wrap import wrap

    first, second = training.classes[:2]
    (tmp_path / "ours_elsewhere.py").write_text(
        f"def classify(texts):\n    return [({first!r} if 'money' in text else {second!r}, 0.7) for text in texts]\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    artifact = wrap("python:ours_elsewhere:classify", training, flag_rate=0.2).artifact
    save_mlflow_model(artifact, tmp_path / "model", example=MESSAGES)
    assert set(flavours(tmp_path / "model")) == {"python_function"}
    assert mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(MESSAGES)["label"].tolist() == [first, second]


def test_an_estimator_without_its_encoder_is_no_model_of_its_own(hardened: Any) -> None:
    estimator = HardenedClassifier(encoder=object())
    model = GuardedModel(hardened.model.model, hardened.model.guard, name="hardened", estimator=estimator)
    assert not tracking_model._stands_alone(replace(hardened, model=model))
    assert tracking_model._stands_alone(hardened)


def test_what_mlflow_knows_already_is_kept(hardened: Any, tmp_path: Path) -> None:
    from mlflow.models import Model

    save_mlflow_model(hardened, tmp_path / "model", example=MESSAGES, mlflow_model=Model(run_id="a1", model_id="m-1"))
    kept = Model.load(str(tmp_path / "model"))
    assert (kept.run_id, kept.model_id) == ("a1", "m-1")


def test_a_folder_that_is_there_is_left_alone(hardened: Any, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is there already; name another folder"):
        save_mlflow_model(hardened, tmp_path, example=MESSAGES)
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_cannot_be_saved_leaves_nothing_behind(wrapped: Any, training: Dataset, tmp_path: Path) -> None:
    estimator = make_pipeline(training, analyzer=split_each)
    model = GuardedModel(wrapped.model.model, wrapped.model.guard, name="ours", estimator=estimator)
    with pytest.raises(ModelError, match="ours: is made of .*split_each, which is not trusted"):
        save_mlflow_model(replace(wrapped, model=model), tmp_path / "model", example=MESSAGES)
    assert list(tmp_path.iterdir()) == []


def test_saving_says_nothing(hardened: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    save_mlflow_model(hardened, tmp_path / "model", example=MESSAGES)
    assert capfd.readouterr() == ("", "")


def test_a_changed_file_is_refused_by_mlflow_too(saved: Path, tmp_path: Path) -> None:
    import shutil

    import mlflow.pyfunc

    copy = shutil.copytree(saved, tmp_path / "copy")
    with (copy / "roadworthy" / "model.skops").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ModelError, match=r"model\.skops is not the file that was written"):
        mlflow.pyfunc.load_model(str(copy))


def test_the_artifact_inside_is_the_artifact(saved: Path, hardened: Any) -> None:
    inside = load_artifact(saved / tracking_model.FOLDER)
    assert (inside.recipe, inside.data, inside.parameters) == (hardened.recipe, hardened.data, hardened.parameters)


def test_without_mlflow_the_extra_is_named(hardened: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match="tracking needs the extra 'mlflow'"):
        save_mlflow_model(hardened, tmp_path / "model", example=MESSAGES)


def test_a_model_of_ours_requires_our_package() -> None:
    assert tracking_model._requirements(["numpy.dtype"])[-1].startswith("skops==")
    assert tracking_model._requirements(["roadworthy.models.Hardened"])[-1].startswith("roadworthy")
