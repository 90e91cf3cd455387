"""A tiny transformer, made here, behind the contract."""

import sys

import numpy as np
import pytest

from roadworthy import inspect, support_desk
from roadworthy.checks import check_model
from roadworthy.errors import MissingExtraError, ModelError
from roadworthy.models import load_model


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
