"""Sentence encoders: tiny ones, made here, read, saved and compared with what they should answer."""

import copy
import json
import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import MissingExtraError, ModelError
from roadworthy.models.encoder import load_encoder, pooled, read_encoder

EXTRA = "the extra encoder is not installed"
tokenizers = pytest.importorskip("tokenizers", reason=EXTRA)
safetensors = pytest.importorskip("safetensors.numpy", reason=EXTRA)
pytest.importorskip("onnxruntime", reason=EXTRA)
onnx = pytest.importorskip("onnx", reason="onnx is not installed")

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "where", "is", "my", "parcel", "refund", "please"]
TABLE = np.random.default_rng(7).normal(size=(len(WORDS), 6)).astype(np.float32)
TEXTS = ["where is my parcel", "refund", "", "refund please", "where where is my parcel please my refund"]


def make_tokenizer(*, special=False):
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({word: i for i, word in enumerate(WORDS)}, "[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    if special:
        made.post_processor = tokenizers.processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    return made


def write_json(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


def unit(vector):
    return vector / np.linalg.norm(vector)


def write_static(folder, tensors=None, config=None, tokenizer=None):
    folder.mkdir(parents=True, exist_ok=True)
    safetensors.save_file(tensors or {"embeddings": TABLE}, folder / "model.safetensors")
    (tokenizer or make_tokenizer()).save(str(folder / "tokenizer.json"))
    write_json(folder / "config.json", {"model_type": "model2vec", "normalize": True, **(config or {})})
    return folder


def write_graph(file, inputs=("input_ids", "attention_mask"), *, rank=3, table=TABLE):
    """A transformer of one layer: it looks up a vector a token."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    names = ["last_hidden_state"]
    if rank == 2:
        nodes.append(helper.make_node("ReduceMean", ["last_hidden_state", "axis"], ["sentence"], keepdims=0))
        names = ["sentence"]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank) for name in names],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([1]), "axis")],
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    file.write_bytes(made.SerializeToString())


def write_transformer(folder, pooling=None, **graph):
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    write_json(
        folder / "modules.json",
        [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in modules],
    )
    write_json(folder / "config.json", {"pad_token_id": 0, "max_position_embeddings": 8})
    write_json(folder / "1_Pooling" / "config.json", pooling or {"pooling_mode_mean_tokens": True})
    make_tokenizer(special=True).save(str(folder / "tokenizer.json"))
    write_graph(folder / "onnx" / "model.onnx", **graph)
    return folder


@pytest.fixture
def static(tmp_path):
    return write_static(tmp_path / "static")


@pytest.fixture
def transformer(tmp_path):
    return write_transformer(tmp_path / "transformer")


@pytest.fixture(params=["static", "transformer"])
def encoder(request):
    return load_encoder(str(request.getfixturevalue(request.param)))


# Both kinds


def test_rows_have_norm_one_and_a_text_without_any_token_is_zeros(encoder):
    vectors = encoder.encode([*TEXTS, "\ud800", " \n"])
    assert vectors.shape == (7, encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0, 1, 1, 0, 0])


def test_no_texts_give_no_rows(encoder):
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_half_a_character_is_left_out(encoder):
    assert np.array_equal(*encoder.encode(["my parcel \ud83d", "my parcel"]))


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("both")
    return [load_encoder(str(write(folder / write.__name__))) for write in (write_static, write_transformer)]


@settings(max_examples=25)
@given(texts=st.lists(st.lists(st.sampled_from(WORDS[4:]), max_size=5).map(" ".join), min_size=1, max_size=70))
def test_a_text_gives_alone_what_it_gives_in_a_batch(both, texts):
    for encoder in both:
        alone = np.vstack([encoder.encode([text]) for text in texts])
        assert np.allclose(encoder.encode(texts), alone, atol=1e-5)


def test_what_is_saved_is_read_back(encoder, tmp_path):
    encoder.save(tmp_path / "saved")
    for again in (read_encoder(tmp_path / "saved"), load_encoder(str(tmp_path / "saved"))):
        assert (again.name, again.dimension) == (encoder.name, encoder.dimension)
        assert np.array_equal(again.encode(TEXTS), encoder.encode(TEXTS))


def test_it_can_be_copied_and_sent_to_another_process_after_use(encoder):
    expected = encoder.encode(TEXTS)
    for again in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
        assert np.array_equal(again.encode(TEXTS), expected)


def test_it_prints_no_weights(encoder):
    assert len(repr(encoder)) < 200


# model2vec


def test_a_static_text_is_the_mean_of_its_known_words(static):
    found = load_encoder(str(static)).encode(["my strange parcel"])[0]
    assert np.allclose(found, unit(TABLE[6] + TABLE[7]), atol=1e-6)


def test_mapping_and_weights_are_applied(tmp_path):
    mapping, weights = np.array([0, 0, 0, 0, 1, 1, 2, 2, 3, 3]), np.arange(10, dtype=np.float64)
    tensors = {"embeddings": TABLE[:4], "mapping": mapping, "weights": weights}
    found = load_encoder(str(write_static(tmp_path / "it", tensors))).encode(["my parcel refund"])[0]
    assert np.allclose(found, unit(6 * TABLE[2] + 7 * TABLE[2] + 8 * TABLE[3]), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.int8])
def test_small_numbers_are_averaged_as_floats(tmp_path, dtype):
    table = (TABLE * 40).astype(dtype)
    found = load_encoder(str(write_static(tmp_path / "it", {"embeddings": table}))).encode(["my parcel " * 50])[0]
    assert np.allclose(found, unit(table[6].astype(float) + table[7]), atol=1e-6)


@pytest.mark.parametrize(("max_length", "last"), [(2, 7), (None, 8)])
def test_a_static_text_is_cut_where_its_config_says(tmp_path, max_length, last):
    folder = write_static(tmp_path / "it", config={"max_length": max_length})
    found = load_encoder(str(folder)).encode(["my parcel refund"])[0]
    assert np.allclose(found, unit(TABLE[6 : last + 1].sum(axis=0)), atol=1e-6)


def test_the_unknown_token_of_a_unigram_tokenizer_is_left_out(tmp_path):
    made = tokenizers.Tokenizer(tokenizers.models.Unigram([("<unk>", 0.0), ("my", -1.0), ("!", -1.0)], unk_id=0))
    found = load_encoder(str(write_static(tmp_path / "it", tokenizer=made))).encode(["my?!"])[0]
    assert np.allclose(found, unit(TABLE[1] + TABLE[2]), atol=1e-6)


def test_a_static_model_of_sentence_transformers_keeps_unknown_words(tmp_path):
    folder = write_static(tmp_path / "it" / "0_StaticEmbedding", {"embedding.weight": TABLE})
    (folder / "config.json").unlink()
    kind = "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding"
    write_json(tmp_path / "it" / "modules.json", [{"path": folder.name, "type": kind}])
    found = load_encoder(str(tmp_path / "it")).encode(["my strange parcel"])[0]
    assert np.allclose(found, unit(TABLE[[6, 1, 7]].sum(axis=0)), atol=1e-6)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"embeddings": TABLE[:5]}, "do not fit"),
        ({"embeddings": TABLE[0]}, "do not fit"),
        ({"embeddings": TABLE > 0}, "do not fit"),
        ({"vectors": TABLE}, "embedding.weight"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path, tensors, said):
    with pytest.raises(ModelError, match=said):
        load_encoder(str(write_static(tmp_path / "it", tensors)))


def test_broken_safetensors_are_refused(static):
    (static / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"model\.safetensors: does not load"):
        load_encoder(str(static))


# sentence-transformers


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, TABLE[[2, 6, 7, 3]].mean(axis=0)),
        ({"pooling_mode_cls_token": True}, TABLE[2]),
        ({"pooling_mode_max_tokens": True}, TABLE[[2, 6, 7, 3]].max(axis=0)),
        ({"pooling_mode": "max"}, TABLE[[2, 6, 7, 3]].max(axis=0)),
        ({"pooling_mode": ["cls"]}, TABLE[2]),
        ({"word_embedding_dimension": 6}, TABLE[[2, 6, 7, 3]].mean(axis=0)),
    ],
)
def test_token_vectors_are_pooled_as_configured(tmp_path, config, expected):
    encoder = load_encoder(str(write_transformer(tmp_path / "it", config)))
    assert np.allclose(encoder.encode(["my parcel", TEXTS[-1]])[0], unit(expected), atol=1e-6)


@pytest.mark.parametrize("mode", [{"pooling_mode_weightedmean_tokens": True}, {"pooling_mode": ["cls", "mean"]}])
def test_other_pooling_is_refused(tmp_path, mode):
    with pytest.raises(ModelError, match=r"pools by (weightedmean|cls, mean); give"):
        load_encoder(str(write_transformer(tmp_path / "it", mode)))


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (["models.Transformer", "models.Pooling", "models.Dense"], "Transformer, Pooling, Dense;"),
        (["models.Transformer"], "made of Transformer;"),
        (["models.Normalize"], "made of Normalize;"),
    ],
)
def test_unknown_modules_are_refused(transformer, kinds, said):
    write_json(transformer / "modules.json", [{"path": "", "type": f"sentence_transformers.{kind}"} for kind in kinds])
    with pytest.raises(ModelError, match=said):
        load_encoder(str(transformer))


def test_a_module_that_comes_with_its_own_code_is_refused(transformer):
    modules = json.loads((transformer / "modules.json").read_text())
    write_json(transformer / "modules.json", [{"path": "", "type": "custom_code.Transformer"}, *modules[1:]])
    with pytest.raises(ModelError, match=r"is made of custom_code\.Transformer"):
        load_encoder(str(transformer))


@pytest.mark.parametrize("content", ["[]", "{", "[1]", '[{"type": 1, "path": ""}]'])
def test_a_damaged_list_of_modules_is_refused(transformer, content):
    (transformer / "modules.json").write_text(content)
    with pytest.raises(ModelError, match=r"modules\.json: is (made of nothing|damaged)"):
        load_encoder(str(transformer))


def test_without_a_list_of_modules_a_transformer_is_averaged(transformer):
    for file in ("modules.json", "1_Pooling/config.json"):
        (transformer / file).unlink()
    (transformer / "onnx" / "model.onnx").rename(transformer / "model.onnx")
    found = load_encoder(str(transformer)).encode(["my parcel"])[0]
    assert np.allclose(found, unit(TABLE[[2, 6, 7, 3]].sum(axis=0)), atol=1e-6)


def test_token_types_are_given_where_the_graph_takes_them(tmp_path):
    names = ("input_ids", "attention_mask", "token_type_ids")
    assert load_encoder(str(write_transformer(tmp_path / "it", inputs=names))).encode(["refund"]).any()


def test_what_the_graph_asks_for_in_vain_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="does not run .*position_ids"):
        load_encoder(str(write_transformer(tmp_path / "it", inputs=("input_ids", "position_ids"))))


def test_a_graph_without_token_vectors_is_refused(tmp_path):
    with pytest.raises(ModelError, match="gives no token vectors"):
        load_encoder(str(write_transformer(tmp_path / "it", rank=2)))


def test_a_broken_graph_is_refused(transformer):
    (transformer / "onnx" / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="ONNX graph does not load"):
        load_encoder(str(transformer))


@pytest.mark.parametrize(
    ("own", "tokenizer", "expected"),
    [({"max_seq_length": 5}, 7, 5), ({}, 7, 7), ({"max_seq_length": None}, 10**30, 8), ({}, None, 8)],
)
def test_a_text_is_cut_where_the_settings_say(transformer, own, tokenizer, expected):
    write_json(transformer / "sentence_bert_config.json", own)
    write_json(transformer / "tokenizer_config.json", {"model_max_length": tokenizer})
    encoder = load_encoder(str(transformer))
    assert encoder.max_length == expected
    long = " ".join(["my"] * (expected - 2))
    assert np.array_equal(*encoder.encode([long, f"{long} refund"]))
    assert not np.array_equal(*encoder.encode([long, f"{long[3:]} refund"]))


@pytest.mark.parametrize("normalizer", [None, "NFC"])
def test_texts_are_lowered_where_the_settings_say(transformer, normalizer, tmp_path):
    made = make_tokenizer(special=True)
    if normalizer:
        made.normalizer = getattr(tokenizers.normalizers, normalizer)()
    made.save(str(transformer / "tokenizer.json"))
    assert not np.array_equal(*load_encoder(str(transformer)).encode(["My Parcel", "my parcel"]))
    write_json(transformer / "sentence_bert_config.json", {"do_lower_case": True})
    encoder = load_encoder(str(transformer))
    encoder.save(tmp_path / "saved")
    assert np.array_equal(*read_encoder(tmp_path / "saved").encode(["My Parcel", "my parcel"]))


def test_a_default_prompt_is_refused(transformer):
    write_json(transformer / "config_sentence_transformers.json", {"default_prompt_name": "query"})
    with pytest.raises(ModelError, match="prompt before every text"):
        load_encoder(str(transformer))


# What is missing or damaged


def test_a_directory_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"config\.json: cannot be read \(No such file"):
        load_encoder(str(tmp_path))


def test_a_missing_tokenizer_is_refused(transformer):
    (transformer / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json: no such file; save"):
        load_encoder(str(transformer))


def test_a_broken_tokenizer_is_refused(static):
    (static / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="tokenizer does not load"):
        load_encoder(str(static))


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_config_is_refused(static, content):
    (static / "config.json").write_text(content)
    with pytest.raises(ModelError, match="is no JSON"):
        load_encoder(str(static))


@pytest.mark.parametrize("file", ["embeddings.npy", "tokenizer.json"])
def test_a_file_that_changed_is_refused(static, tmp_path, file):
    load_encoder(str(static)).save(tmp_path / "saved")
    with (tmp_path / "saved" / file).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(ModelError, match=f"{file}: is not the file"):
        read_encoder(tmp_path / "saved")
    (tmp_path / "saved" / file).unlink()
    with pytest.raises(ModelError, match=f"{file}: cannot be read"):
        read_encoder(tmp_path / "saved")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"schema": 2}, "unknown version"),
        ({"kind": "pickle"}, "unknown version or kind"),
        ({"name": None}, "no valid name"),
        ({"dimension": 0, "pooling": "sum"}, "no valid dimension, pooling"),
        ({"max_length": True}, "no valid max_length"),
        ({"pad": -1}, "no valid pad"),
        ({"pad": None}, "no valid pad"),
        ({"sha256": None}, "is not the file"),
        ({"dimension": 7}, "do not fit"),
    ],
)
def test_a_card_that_says_the_wrong_is_refused(transformer, tmp_path, changed, said):
    load_encoder(str(transformer)).save(tmp_path / "saved")
    card = json.loads((tmp_path / "saved" / "encoder.json").read_text())
    write_json(tmp_path / "saved" / "encoder.json", card | changed)
    with pytest.raises(ModelError, match=said):
        read_encoder(tmp_path / "saved")


def test_pickles_are_never_read(static, tmp_path):
    import hashlib

    load_encoder(str(static)).save(tmp_path / "saved")
    np.save(tmp_path / "saved" / "embeddings.npy", np.array([{}], dtype=object), allow_pickle=True)
    card = json.loads((tmp_path / "saved" / "encoder.json").read_text())
    content = (tmp_path / "saved" / "embeddings.npy").read_bytes()
    card["sha256"]["embeddings.npy"] = hashlib.sha256(content).hexdigest()
    write_json(tmp_path / "saved" / "encoder.json", card)
    with pytest.raises(ModelError, match=r"embeddings\.npy: does not load .*allow_pickle"):
        read_encoder(tmp_path / "saved")


@pytest.mark.parametrize("package", ["tokenizers", "safetensors.numpy", "onnxruntime"])
def test_without_the_extra_it_says_what_to_install(static, transformer, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"roadworthy\[encoder\]"):
        load_encoder(str(transformer if package == "onnxruntime" else static))


# The hub


def test_a_name_is_looked_up_on_the_hub(static, monkeypatch):
    asked = []
    hub = SimpleNamespace(snapshot_download=lambda name, allow_patterns: asked.append(name) or str(static))
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    encoder = load_encoder("someone/tiny")
    assert (encoder.name, asked) == ("someone/tiny", ["someone/tiny"])


def test_a_name_that_cannot_be_looked_up_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelError, match="someone/tiny: is no directory, and does not come from the hub"):
        load_encoder("someone/tiny")


# Turning a transformer into ONNX


def test_turning_into_onnx_without_the_extra_says_what_to_install(transformer, monkeypatch):
    (transformer / "onnx" / "model.onnx").unlink()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"turning this encoder into ONNX .*roadworthy\[transformers\]"):
        load_encoder(str(transformer))


@pytest.fixture
def bert(transformer):
    """A random BERT in the place of the graph."""
    torch = pytest.importorskip("torch", reason="the extra transformers is not installed")
    transformers = pytest.importorskip("transformers", reason="the extra transformers is not installed")
    (transformer / "onnx" / "model.onnx").unlink()
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=40,
    )  # fmt: skip
    model = transformers.BertModel(config).eval()
    model.save_pretrained(transformer)
    return SimpleNamespace(folder=transformer, model=model, torch=torch)


def test_the_onnx_graph_answers_like_torch(bert, tmp_path):
    encoder = load_encoder(str(bert.folder))
    tokenizer = make_tokenizer(special=True)
    texts = [text for text in TEXTS if text] * 9
    expected = []
    for text in texts:
        with bert.torch.inference_mode():
            ids = bert.torch.tensor([tokenizer.encode(text).ids])
            expected.append(unit(bert.model(input_ids=ids).last_hidden_state[0].mean(dim=0).numpy()))
    assert np.allclose(encoder.encode(texts), expected, atol=1e-5)
    encoder.save(tmp_path / "saved")
    assert np.array_equal(read_encoder(tmp_path / "saved").encode(texts), encoder.encode(texts))


def test_weights_in_a_pickle_are_not_read(bert):
    (bert.folder / "model.safetensors").unlink()
    bert.torch.save(bert.model.state_dict(), bert.folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="does not load"):
        load_encoder(str(bert.folder))


def test_a_graph_that_answers_otherwise_is_refused(bert, monkeypatch):
    monkeypatch.setattr("roadworthy.models.onnx_export._run", lambda _, ids, mask: np.ones((*ids.shape, 16)))
    with pytest.raises(ModelError, match="answers otherwise"):
        load_encoder(str(bert.folder))


def test_a_transformer_that_cannot_be_traced_is_refused(bert, monkeypatch):
    monkeypatch.setattr("roadworthy.models.onnx_export._graph", lambda *_: 1 / 0)
    with pytest.raises(ModelError, match="does not turn into ONNX .*ZeroDivisionError"):
        load_encoder(str(bert.folder))


def test_max_pooling_never_picks_what_fills_the_batch():
    vectors = np.array([[[-1.0], [5.0]]], dtype=np.float32)
    assert pooled(vectors, np.array([[1, 0]]), "max").tolist() == [[-1.0]]
