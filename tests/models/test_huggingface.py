"""A tiny transformer, made here, behind the contract."""

import shutil
import sys
import types
import warnings

import numpy as np
import pytest

from roadworthy import inspect, support_desk
from roadworthy.checks import check_model
from roadworthy.errors import MissingExtraError, ModelError
from roadworthy.mlflow_store import quietly
from roadworthy.models import load_model
from roadworthy.models.huggingface import HuggingFaceClassifier


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"roadworthy\[transformers\]"):
        load_model("hf:anything")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A random two-layer BERT over the words of support_desk, saved to a directory."""
    pytest.importorskip("torch", reason="the extra transformers is not installed")
    transformers = pytest.importorskip("transformers", reason="the extra transformers is not installed")
    folder = tmp_path_factory.mktemp("tiny")
    words = sorted({word for text in support_desk.load_train().texts for word in text.lower().split()})
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]))
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"))
    labels = support_desk.load_train().classes
    config = transformers.BertConfig(
        vocab_size=len(words) + 5, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=40, id2label=dict(enumerate(labels)), label2id={x: i for i, x in enumerate(labels)},
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    for part in (tokenizer, model):
        part.save_pretrained(folder)
    return folder


def test_it_satisfies_the_contract_and_can_be_inspected(tiny):
    model = load_model(f"hf:{tiny}")
    texts = list(support_desk.load_clean_test().texts[:40])
    check_model(model, texts)
    assert model.predict_proba([]).shape == (0, 10)
    assert np.allclose(model.predict_proba(["word " * 500]).sum(), 1)
    found = inspect(model, support_desk.load_clean_test().sample(20), suite="quick")
    assert found.model.classes == support_desk.load_train().classes


def test_options_are_those_of_the_spec(tiny):
    model = load_model(f"hf:{tiny}?device=cpu&batch_size=3")
    assert (model.batch_size, str(model.model.device), model.name) == (3, "cpu", f"hf:{tiny.name}")
    assert load_model(f"hf:{tiny}").batch_size == 32
    texts = [*support_desk.load_clean_test().texts[:7], "", "one " * 90]
    assert np.allclose(model.predict_proba(texts), load_model(f"hf:{tiny}").predict_proba(texts), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("batch_size=0", "a batch of '0' messages; write hf:DIRECTORY?device=cpu&batch_size=16"),
        ("batch_size=few", "a batch of 'few' messages"),
        ("speed=9", "no option 'speed'; write hf:"),
        ("", "no option behind the question mark"),
    ],
)
def test_an_option_that_is_none_is_refused_before_anything_is_loaded(options, said):
    with pytest.raises(ModelError) as caught:
        load_model(f"hf:model?{options}")
    assert said in str(caught.value)


def test_a_device_that_is_not_there_is_refused(tiny):
    with pytest.raises(ModelError, match="no device 'abacus'"):
        load_model(f"hf:{tiny}?device=abacus")


def test_a_directory_may_bear_a_question_mark(tiny, tmp_path):
    shutil.copytree(tiny, tmp_path / "mine?device=none")
    assert load_model(f"hf:{tmp_path}/mine?device=none").batch_size == 32


class Tokenizer:
    """What is asked of a tokenizer when a model is put behind the contract."""

    def __init__(self, pad_token="[PAD]", longest=100):
        self.pad_token, self.model_max_length = pad_token, longest


def made(positions=None, padding_idx=None, **tokenizer):
    """A model that has so many positions, the first of them behind that of the padding."""
    embeddings = types.SimpleNamespace(position_embeddings=types.SimpleNamespace(padding_idx=padding_idx))
    config = types.SimpleNamespace(id2label={0: "a", 1: "b"}, num_labels=2)
    if positions is not None:
        config.max_position_embeddings = positions
    model = types.SimpleNamespace(config=config, base_model=types.SimpleNamespace(embeddings=embeddings))
    model.eval = lambda: model
    return HuggingFaceClassifier(model, Tokenizer(**tokenizer), "m")


def test_messages_are_cut_to_what_the_model_can_take():
    assert made()._longest == 100
    assert made(positions=40)._longest == 40
    assert made(positions=40, padding_idx=1)._longest == 38


def test_without_a_padding_token_messages_are_asked_one_by_one():
    assert made().batch_size == 32
    assert made(pad_token=None).batch_size == 1


def save_flavour(tiny, folder, **more):
    """The tiny model as MLflow's transformers flavour keeps it."""
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    transformers = pytest.importorskip("transformers")
    pipeline = transformers.pipeline("text-classification", model=str(tiny), tokenizer=str(tiny), device="cpu")
    with quietly(), warnings.catch_warnings(record=True):
        mlflow.transformers.save_model(pipeline, str(folder), pip_requirements=[], **more)


def test_the_flavour_of_mlflow_answers_alike_and_runs_no_code(tiny, tmp_path):
    save_flavour(tiny, tmp_path / "saved")
    model = load_model(tmp_path / "saved")
    texts = list(support_desk.load_clean_test().texts[:20])
    assert model.name == "saved"
    check_model(model, texts)
    assert np.allclose(model.predict_proba(texts), load_model(f"hf:{tiny}").predict_proba(texts), atol=1e-6)


def test_what_is_no_classifier_is_refused(tiny, tmp_path):
    with pytest.raises(ModelError, match="does not load"):
        load_model(f"hf:{tmp_path}")


def test_several_labels_a_message_are_refused(tiny, tmp_path):
    transformers = pytest.importorskip("transformers")
    model = transformers.BertForSequenceClassification.from_pretrained(tiny)
    model.config.problem_type = "multi_label_classification"
    model.save_pretrained(tmp_path)
    transformers.BertTokenizerFast.from_pretrained(tiny).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="several labels"):
        load_model(f"hf:{tmp_path}")
