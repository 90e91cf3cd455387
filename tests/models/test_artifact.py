"""An artifact answers as it did when it was saved; one that is not whole, or not what it was, is refused."""

import hashlib
import io
import json
import pickle
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from roadworthy import support_desk
from roadworthy.data import Dataset
from roadworthy.errors import MissingExtraError, ModelError, OutputError
from roadworthy.models import artifact as module
from roadworthy.models import as_model, choosing, load_model
from roadworthy.models.artifact import (
    Artifact,
    is_artifact,
    load_artifact,
    messages_card,
    requirements,
)
from roadworthy.models.compiled import CompiledModel, fuzzed
from roadworthy.models.encoder import StaticEncoder
from roadworthy.models.guarded import GuardedModel
from roadworthy.training.hardened import train_hardened
from roadworthy.training.wrap import wrap

DESK = support_desk.load_train()
FEW = DESK.take([row for row, label in enumerate(DESK.labels or ()) if label in DESK.classes[:3]][::4])
OTHERS = DESK.take([row for row, label in enumerate(DESK.labels or ()) if label in DESK.classes[:3]][1::4])
ASKED = [*FEW.texts[:20], *fuzzed(20), "", "where is my order", "qwrtz zxcv", "¿dónde está mi pedido?", "o" * 900]
MODULE = "code_of_test_artifact"
SOURCE = """
def answer(texts):
    return [("app_problem", 0.9) if "app" in text else ("cancel_order", 0.6) for text in texts]
"""
Change = Callable[[dict[str, Any]], object]


def same(first: GuardedModel, second: GuardedModel) -> bool:
    one, two = (model.answer(ASKED) for model in (first, second))
    return (
        one.labels.tolist() == two.labels.tolist()
        and np.allclose(one.confidence, two.confidence, rtol=0, atol=1e-12, equal_nan=True)
        and np.allclose(one.familiarity, two.familiarity, rtol=0, atol=1e-12)
        and one.reasons == two.reasons
        and first.classes == second.classes
    )


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def card_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "roadworthy.json").read_text(encoding="utf-8"))


def change_card(folder: Path, change: Change) -> None:
    card = card_of(folder)
    change(card)
    (folder / "roadworthy.json").write_text(json.dumps(card), encoding="utf-8")


def sign(folder: Path) -> None:
    """Make the card agree with the files, as whoever changes them on purpose would."""
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in card_of(folder)["files"]}
    change_card(folder, lambda card: card.update(files=sums))


def refusal(folder: Path, *, kind: type[Exception] = ModelError) -> str:
    with pytest.raises(kind) as caught:
        load_artifact(folder)
    said = str(caught.value)
    assert "\n" not in said
    assert "; " in said
    return said


def try_few(patch: pytest.MonkeyPatch) -> None:
    """A single penalty and weight, tried once: what these tests show holds for any, and trying all of them is slow."""
    for name, value in (("PENALTIES", (1.0,)), ("WORD_WEIGHTS", (0.7,)), ("REPEATS", 1)):
        patch.setattr(choosing, name, value)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    try_few(monkeypatch)


@pytest.fixture(scope="module")
def brothers() -> list[Artifact]:
    """Two small models of the same messages and seed."""
    with pytest.MonkeyPatch.context() as patch:
        try_few(patch)
        return [train_hardened(FEW) for _ in range(2)]


@pytest.fixture(scope="module")
def twins(brothers: list[Artifact], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [one.save(tmp_path_factory.mktemp("twin") / "desk") for one in brothers]


@pytest.fixture
def small(brothers: list[Artifact]) -> Artifact:
    return brothers[0]


@pytest.fixture
def folder(twins: list[Path], tmp_path: Path) -> Path:
    """A copy of the small one that can be changed."""
    return Path(shutil.copytree(twins[0], tmp_path / "desk"))


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory, with a module of the user's own in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    sys.modules.pop(MODULE, None)
    (tmp_path / f"{MODULE}.py").write_text(SOURCE)
    yield tmp_path
    sys.modules.pop(MODULE, None)


@pytest.fixture(scope="module")
def pipelines() -> dict[str, Any]:
    """Models that were trained on other messages than they are wrapped with."""
    return {
        "regression": make_pipeline(CountVectorizer(), LogisticRegression()).fit(OTHERS.texts, OTHERS.labels),
        "machine": make_pipeline(TfidfVectorizer(), LinearSVC()).fit(OTHERS.texts, OTHERS.labels),
    }


@pytest.fixture(scope="module")
def wrapped(pipelines: dict[str, Any]) -> Artifact:
    return wrap(pipelines["regression"], FEW).artifact


# What is saved is what is loaded


def test_a_hardened_model_is_what_it_was(trained: Artifact, saved: Path) -> None:
    again = load_artifact(saved)
    assert same(again.model, trained.model)
    assert isinstance(again.model.model, CompiledModel)
    assert np.array_equal(again.model.estimator.predict_proba(ASKED), trained.model.estimator.predict_proba(ASKED))
    assert (again.recipe, again.data, again.reference) == ("hardened", trained.data, None)
    assert dict(again.parameters) == dict(trained.parameters)
    assert dict(again.figures) == dict(trained.figures)
    assert again.model.name == trained.model.name == "hardened"


def test_a_wrapped_pipeline_is_what_it_was(wrapped: Artifact, tmp_path: Path) -> None:
    again = load_artifact(wrapped.save(tmp_path / "shop"))
    assert same(again.model, wrapped.model)
    assert again.recipe == "wrap"
    assert dict(again.parameters) == dict(wrapped.parameters)
    assert (tmp_path / "shop" / "features.skops").is_file()


def test_a_wrapped_pair_of_pickles_is_saved_without_them(pipelines: dict[str, Any], code: Path) -> None:
    for name, (_, step) in zip(("v.pkl", "m.pkl"), pipelines["regression"].steps, strict=True):
        (code / name).write_bytes(pickle.dumps(step))
    made = wrap("pickles:v.pkl,m.pkl", FEW, allow_pickle=True).artifact
    made.save("shop")
    for file in code.glob("*.pkl"):
        file.unlink()
    assert same(load_artifact("shop").model, made.model)
    assert card_of(code / "shop")["parameters"]["model"] == "pickles:v.pkl,m.pkl"


def test_a_wrapped_model_of_labels_only_is_what_it_was(pipelines: dict[str, Any], tmp_path: Path) -> None:
    made = wrap(pipelines["machine"], FEW, seen=True).artifact
    assert same(load_artifact(made.save(tmp_path / "shop")).model, made.model)


def test_a_wrapped_function_stays_where_it_is(code: Path) -> None:
    made = wrap(f"python:{MODULE}:answer", FEW).artifact
    assert made.reference == f"python:{MODULE}:answer"
    made.save("shop")
    assert not (code / "shop" / "model.skops").exists()
    assert card_of(code / "shop")["reference_sha256"] == hashlib.sha256(SOURCE.encode()).hexdigest()
    assert card_of(code / "shop")["probes"] == []
    again = load_artifact("shop")
    assert same(again.model, made.model)
    assert again.reference == made.reference
    # An artifact that was loaded can be saved again.
    again.save("copy")
    assert same(load_artifact("copy").model, made.model)


def test_a_hugging_face_model_stays_where_it_is(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loaded(spec: str, *, allow_pickle: bool) -> Any:
        assert (spec, allow_pickle) == ("hf:someone/model", False)
        return as_model(lambda texts: [("app_problem", 0.5 + len(text) % 4 / 10) for text in texts], name=spec)

    monkeypatch.setattr("roadworthy.models.load.load_huggingface", loaded)
    made = wrap("hf:someone/model", FEW).artifact
    made.save("shop")
    assert (card_of(code / "shop")["reference"], card_of(code / "shop")["reference_sha256"]) == (
        "hf:someone/model",
        None,
    )
    assert same(load_artifact("shop").model, made.model)


@pytest.fixture
def encoder(tmp_path: Path) -> StaticEncoder:
    tokenizers = pytest.importorskip("tokenizers", reason="the extra encoder is not installed")
    words = ["[UNK]", *sorted({word for text in FEW.texts for word in text.lower().split()})]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({word: i for i, word in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    table = np.random.default_rng(0).normal(size=(len(words), 12)).astype(np.float32)
    return StaticEncoder(
        name="tiny", dimension=12, max_length=None, tokenizer=tokenizer.to_str().encode(), unknown=0, table=table
    )


@pytest.mark.usefixtures("few")
def test_an_encoder_is_saved_with_the_model(
    encoder: StaticEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.training.hardened.load_encoder", lambda spec: encoder)
    made = train_hardened(FEW, encoder="tiny")
    folder = made.save(tmp_path / "shop")
    assert set(card_of(folder)["files"]) == {
        "guard.npz",
        "model.skops",
        "requirements.txt",
        *(f"encoder/{name}" for name in ("embeddings.npy", "encoder.json", "tokenizer.json")),
    }
    again = load_artifact(folder)
    assert same(again.model, made.model)
    assert again.model.guard.encoder.name == card_of(folder)["encoder"] == "tiny"
    assert np.array_equal(again.model.estimator.predict_proba(ASKED), made.model.estimator.predict_proba(ASKED))
    assert "tokenizers==" in (folder / "requirements.txt").read_text()
    again.save(tmp_path / "copy")
    assert same(load_artifact(tmp_path / "copy").model, made.model)
    # Where it is not whole it is refused.
    (folder / "encoder" / "embeddings.npy").unlink()
    assert "encoder/embeddings.npy is missing" in refusal(folder)


def test_an_encoder_of_a_wrapped_model_is_saved_too(
    encoder: StaticEncoder, pipelines: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.training.wrap.load_encoder", lambda spec: encoder)
    made = wrap(pipelines["regression"], FEW, encoder="tiny").artifact
    again = load_artifact(made.save(tmp_path / "shop"))
    assert same(again.model, made.model)
    assert again.model.guard.encoder.name == "tiny"


def test_what_was_not_compiled_is_not_compiled_when_it_is_loaded(small: Artifact, tmp_path: Path) -> None:
    slow = GuardedModel(
        as_model(small.model.estimator), small.model.guard, name="slow", estimator=small.model.estimator
    )
    folder = Artifact(slow, "hardened", small.data).save(tmp_path / "slow")
    assert not card_of(folder)["compiled"]
    again = load_artifact(folder)
    assert not isinstance(again.model.model, CompiledModel)
    assert same(again.model, slow)


def test_what_no_longer_compiles_answers_by_itself(
    folder: Path, small: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "compile_model", lambda estimator, name: None)
    again = load_artifact(folder)
    assert not isinstance(again.model.model, CompiledModel)
    assert same(again.model, small.model)


# What is in it


def test_it_holds_these_files_and_knows_them(saved: Path) -> None:
    files = {name: hashlib.sha256(data).hexdigest() for name, data in content(saved).items()}
    del files["roadworthy.json"]
    assert card_of(saved)["files"] == files
    assert set(files) == {"guard.npz", "model.skops", "requirements.txt"}
    assert is_artifact(saved)
    assert not is_artifact(saved.parent)


def test_the_card_says_what_it_was_made_of(saved: Path, messages: Dataset) -> None:
    card = card_of(saved)
    assert (card["schema_version"], card["recipe"], card["name"]) == (1, "hardened", "hardened")
    assert card["classes"] == list(messages.classes)
    assert card["data"] == {"name": messages.name, "n": 150, "classes": 10, "sha256": messages.sha256}
    assert card["data"] == messages_card(messages).model_dump()
    assert card["guard"]["flag_rate"] == 0.1
    assert set(card["versions"]) == {"python", "roadworthy", "scikit-learn", "numpy", "scipy", "skops"}
    assert (saved / "roadworthy.json").read_text().endswith("}\n")


def test_its_requirements_are_pinned(saved: Path) -> None:
    lines = (saved / "requirements.txt").read_text().splitlines()
    assert lines == requirements()
    assert [line.partition("==")[0] for line in lines] == ["roadworthy", "scikit-learn", "numpy", "scipy", "skops"]
    assert all(line.partition("==")[2] for line in lines)


def test_the_same_messages_and_seed_give_the_same_card(twins: list[Path]) -> None:
    first, second = map(card_of, twins)
    for card in (first, second):
        card["files"].pop("model.skops")
    assert first == second


def unpacked(folder: Path) -> bytes:
    """All that the files hold, archives unpacked."""
    parts = []
    for data in content(folder).values():
        parts.append(data)
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                parts += [archive.read(name) for name in archive.namelist()]
    return b"\n".join(parts)


def test_no_training_message_is_in_it(saved: Path, messages: Dataset) -> None:
    held = unpacked(saved).lower()
    assert not [text for text in messages.texts if text.lower().encode() in held]


@pytest.mark.usefixtures("few")
def test_an_address_is_not_in_it_but_its_words_are(tmp_path: Path) -> None:
    address, number = "zebedee.quixote@example.com", "4208675309"
    texts = [f"{text} mail {address} or call {number}" if row % 9 == 0 else text for row, text in enumerate(FEW.texts)]
    folder = train_hardened(Dataset.of(texts, FEW.labels)).save(tmp_path / "shop")
    card = (folder / "roadworthy.json").read_bytes()
    for personal in (address, "zebedee", "quixote", number):
        assert personal.encode() not in card
    held = unpacked(folder)
    assert address.encode() not in held
    # The vocabulary of a model is made of whole words, and pairs of them: names and numbers among them.
    assert b'"zebedee"' in held
    assert f'"{number}"'.encode() in held
    assert b'"call %s"' % number.encode() in held


# Saving


def test_it_can_be_saved_where_nothing_is_yet(small: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    for place in ("empty", "deeper/still/new", tmp_path / "absolute"):
        assert small.save(place) == Path(place)
        assert is_artifact(Path(place))
    assert same(load_artifact("deeper/still/new").model, small.model)
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "deeper", "absolute"}


def test_it_takes_the_place_of_another_one_as_a_whole(small: Artifact, wrapped: Artifact, tmp_path: Path) -> None:
    wrapped.save(tmp_path / "shop")
    (tmp_path / "shop" / "left_behind.txt").touch()
    small.save(tmp_path / "shop")
    assert set(content(tmp_path / "shop")) == {"guard.npz", "model.skops", "requirements.txt", "roadworthy.json"}
    assert same(load_artifact(tmp_path / "shop").model, small.model)
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_a_loaded_artifact_can_be_saved_over_itself(folder: Path, small: Artifact) -> None:
    load_artifact(folder).save(folder)
    assert same(load_artifact(folder).model, small.model)


@pytest.mark.parametrize("place", ["folder", "file", "folder/precious.txt"])
def test_it_never_takes_the_place_of_anything_else(small: Artifact, tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("folder/precious.txt", "file"):
        (tmp_path / name).write_text("precious")
    before = content(tmp_path)
    with pytest.raises(OutputError) as caught:
        small.save(tmp_path / place)
    assert str(caught.value) == f"{tmp_path / place}: is there, and is no artifact; name another folder with --out"
    assert content(tmp_path) == before


def test_a_place_that_cannot_be_written_to_is_said_at_once(small: Artifact, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot be written \(.*\); name another place with --out"):
        small.save(tmp_path / "file" / "shop")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("fails_at", range(4))
def test_what_fails_half_way_leaves_the_old_one(
    folder: Path, wrapped: Artifact, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    before, done = content(folder.parent), []
    right = module.write_bytes

    def failing(file: Path, data: bytes) -> None:
        if len(done) == fails_at:
            raise OutputError("cannot be written (No space left on device)", where=file)
        done.append(file)
        right(file, data)

    monkeypatch.setattr(module, "write_bytes", failing)
    monkeypatch.setattr(module, "write_text", lambda file, text: failing(file, text.encode()))
    monkeypatch.setattr(module, "_npz", lambda arrays: b"guard")
    with pytest.raises(OutputError, match="No space left"):
        wrapped.save(folder)
    assert len(done) == fails_at
    assert content(folder.parent) == before
    assert [path.name for path in folder.parent.iterdir()] == ["desk"]


def test_an_interruption_leaves_the_old_one_too(folder: Path, small: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content(folder.parent)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small.save(folder)
    assert content(folder.parent) == before
    assert [path.name for path in folder.parent.iterdir()] == ["desk"]


def test_what_fails_in_taking_the_place_leaves_the_old_one(
    folder: Path, small: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, right = content(folder.parent), Path.rename

    def failing(self: Path, target: Path) -> Path:
        if target == folder and not failed:
            failed.append(target)
            raise PermissionError(13, "Permission denied")
        return right(self, target)

    failed: list[Path] = []
    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises((OutputError, OSError)):
        small.save(folder)
    assert content(folder.parent) == before


def test_what_fails_leaves_no_folder_behind(small: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OutputError("cannot be written (No space left on device)")

    monkeypatch.setattr(module, "write_text", full)
    with pytest.raises(OutputError):
        small.save(tmp_path / "deeper" / "shop")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("holds", ["nothing", "an artifact"])
def test_the_working_directory_is_no_place_for_it(
    small: Artifact, folder: Path, monkeypatch: pytest.MonkeyPatch, holds: str
) -> None:
    place = folder if holds == "an artifact" else folder.parent / "empty"
    place.mkdir(exist_ok=True)
    monkeypatch.chdir(place)
    for name in (".", place):
        with pytest.raises(OutputError, match=r": is the working directory; name a folder in it with --out$"):
            small.save(name)
    assert {path.name for path in folder.parent.iterdir()} <= {"desk", "empty"}


def test_a_link_to_an_artifact_leaves_nothing_behind(small: Artifact, folder: Path) -> None:
    (folder.parent / "link").symlink_to(folder)
    small.save(folder.parent / "link")
    assert {path.name for path in folder.parent.iterdir()} == {"desk", "link"}


def own_words(text: str) -> list[str]:
    return text.split()


def test_a_model_of_ones_own_code_is_not_saved_but_named(tmp_path: Path) -> None:
    pipeline = make_pipeline(CountVectorizer(tokenizer=own_words, token_pattern=None), LogisticRegression())
    made = wrap(pipeline.fit(OTHERS.texts, OTHERS.labels), FEW).artifact
    with pytest.raises(
        ModelError, match=r"own_words, which is not trusted; put it behind a function .*python:MODULE:FUNC"
    ):
        made.save(tmp_path / "shop")
    assert list(tmp_path.iterdir()) == []


def test_a_function_in_memory_is_not_saved_but_named(tmp_path: Path) -> None:
    made = wrap(lambda texts: [("app_problem", 0.5)] * len(texts), FEW).artifact
    with pytest.raises(ModelError, match=r"is code, which no artifact holds; put it behind .*python:MODULE:FUNCTION"):
        made.save(tmp_path / "shop")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_wrapped_hardened_model_is_what_it_was(trained: Artifact, messages: Dataset, tmp_path: Path) -> None:
    made = wrap(trained.model.estimator, messages.sample(60), seen=True).artifact
    assert same(load_artifact(made.save(tmp_path / "shop")).model, made.model)


# Loading runs no code


def test_loading_unpickles_nothing(folder: Path, small: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    def poison(*_: object, **__: object) -> None:
        raise AssertionError("something was unpickled")

    kinds = [(pickle, ("load", "loads", "Unpickler", "_Unpickler")), (joblib, ("load",)), (np, ("frombuffer",))]
    try:
        import cloudpickle
    except ImportError:
        pass
    else:
        kinds.append((cloudpickle, ("load", "loads")))
    for package, names in kinds[:2] + kinds[3:]:
        for name in names:
            monkeypatch.setattr(package, name, poison)
    again = load_artifact(folder)
    monkeypatch.undo()
    assert same(again.model, small.model)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("ran"),)


def test_a_guard_of_pickled_objects_is_refused(code: Path, folder: Path) -> None:
    np.savez(folder / "guard.npz", threshold=np.array([Bomb()], dtype=object))
    sign(folder)
    assert "desk: does not load (ValueError: Object arrays cannot be loaded when allow_pickle=False)" in refusal(folder)
    assert not (code / "ran").exists()


def test_a_pickle_in_the_place_of_the_guard_is_refused(code: Path, folder: Path) -> None:
    (folder / "guard.npz").write_bytes(pickle.dumps(Bomb()))
    sign(folder)
    assert "desk: does not load (" in refusal(folder)
    assert not (code / "ran").exists()


def foreign(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("name", ["model.skops", "features.skops"])
def test_a_type_that_is_not_trusted_is_refused(wrapped: Artifact, tmp_path: Path, name: str) -> None:
    folder = wrapped.save(tmp_path / "shop")
    skops.io.dump(CountVectorizer(tokenizer=foreign), folder / name)
    sign(folder)
    said = refusal(folder)
    assert said == (
        f"{folder / name}: holds types that are not trusted: {__name__}.foreign; "
        "save a model made of scikit-learn's own types"
    )


# What is not what it was


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "roadworthy.json cannot be read (FileNotFoundError"),
        (b"\xff\xfe", "roadworthy.json cannot be read (UnicodeDecodeError"),
        (b"", "roadworthy.json is damaged (its content: Invalid JSON"),
        (b"{", "roadworthy.json is damaged (its content: Invalid JSON"),
        (b"null", "roadworthy.json is damaged (its content: Input should be an object)"),
        (b"[1]", "roadworthy.json is damaged (its content: Input should be an object)"),
        (b"{}", "roadworthy.json is damaged (schema_version: Field required)"),
        (b'{"schema_version": "newest"}', "roadworthy.json is damaged (schema_version: Input should be 1)"),
        (
            b'{"schema_version": 2}',
            "was written by a newer Roadworthy (schema 2, this one reads up to 1); update Roadworthy",
        ),
        (b'{"schema_version": 99, "all": "new"}', "was written by a newer Roadworthy (schema 99"),
    ],
)
def test_a_card_that_cannot_be_read_is_refused(folder: Path, data: bytes | None, said: str) -> None:
    (folder / "roadworthy.json").unlink()
    if data is not None:
        (folder / "roadworthy.json").write_bytes(data)
    assert refusal(folder).startswith(f"{folder}: {said}")


def test_a_card_nested_without_end_is_refused(folder: Path) -> None:
    (folder / "roadworthy.json").write_text("[" * 100_000)
    assert "is damaged" in refusal(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path / "nothing")
    assert said.startswith(f"{tmp_path / 'nothing'}: roadworthy.json cannot be read")
    assert said.endswith("give a folder written by train or wrap")


def test_every_field_of_the_card_must_be_there(folder: Path) -> None:
    whole = card_of(folder)
    for field in set(whole) - {"schema_version"}:
        change_card(folder, lambda card, field=field: (card.update(whole), card.pop(field)))
        assert refusal(folder) == (
            f"{folder}: roadworthy.json is damaged ({field}: Field required); write the artifact again"
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda card: card.update(more=1), "more: Extra inputs are not permitted"),
        (lambda card: card.update(classes="ab"), "classes: Input should be"),
        (lambda card: card["guard"].pop("flag_rate"), "guard.flag_rate: Field required"),
        (lambda card: card["guard"].update(longest="long"), "guard.longest: Input should be"),
        (lambda card: card["probes"][0].update(confidence="sure"), "probes.0.confidence: Input should be"),
        (lambda card: card.update(schema_version=0), "schema_version: Input should be 1"),
    ],
)
def test_a_field_that_is_wrong_is_named(folder: Path, change: Change, said: str) -> None:
    change_card(folder, change)
    assert f"{folder}: roadworthy.json is damaged ({said}" in refusal(folder)


@pytest.mark.parametrize("name", ["guard.npz", "model.skops", "requirements.txt"])
def test_a_file_that_is_missing_or_changed_is_refused(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    assert refusal(folder) == f"{folder}: {name} is not the file that was written; write the artifact again"
    (folder / name).unlink()
    assert refusal(folder) == f"{folder}: {name} is missing; copy the whole folder, or write it again"


@pytest.mark.parametrize("name", ["guard.npz", "model.skops"])
def test_a_file_that_the_card_does_not_know_must_be_there_too(folder: Path, name: str) -> None:
    change_card(folder, lambda card: card["files"].pop(name))
    (folder / name).unlink()
    assert "does not load (FileNotFoundError" in refusal(folder)


@pytest.mark.parametrize("name", ["../outside", "inside/../../outside", "ABSOLUTE", "link", ".", ".."])
def test_a_path_out_of_the_folder_is_refused(folder: Path, name: str) -> None:
    outside = folder.parent / "outside"
    outside.write_text("secret")
    (folder / "link").symlink_to(outside)
    name = str(outside) if name == "ABSOLUTE" else name
    change_card(folder, lambda card: card["files"].update({name: hashlib.sha256(b"secret").hexdigest()}))
    assert refusal(folder) == f"{folder}: {name} is missing; copy the whole folder, or write it again"


def replaced(arrays: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {name: value for name, value in {**arrays, **changed}.items() if value is not None}


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: replaced(arrays, threshold=None),
        lambda arrays: replaced(arrays, threshold=np.array("high")),
        lambda arrays: replaced(arrays, prototype_starts=arrays["prototype_starts"][:-1]),
        lambda arrays: replaced(arrays, prototype_shape=arrays["prototype_shape"] + 1),
        lambda arrays: replaced(arrays, prototype_data=arrays["prototype_data"][:-1]),
        lambda arrays: replaced(arrays, prototype_columns=arrays["prototype_columns"] + 10**6),
    ],
    ids=["none", "text", "classes", "features", "data", "columns"],
)
def test_a_guard_that_does_not_fit_is_refused(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    with np.load(folder / "guard.npz") as arrays:
        changed = change(dict(arrays))
    np.savez(folder / "guard.npz", **changed)
    sign(folder)
    assert f"{folder}: does not load (" in refusal(folder)


# Other answers than before


def spoil(name: str, value: Any) -> Change:
    return lambda card: card["probes"][3].update({name: value})


SPOILED = [
    spoil("label", "promo_code"),
    spoil("confidence", 0.123),
    spoil("familiarity", 0.123),
    spoil("reasons", ["too_long"]),
    spoil("text", "another text altogether"),
]


@pytest.mark.parametrize("change", SPOILED, ids=["label", "confidence", "familiarity", "reasons", "text"])
def test_other_answers_than_before_are_refused(folder: Path, change: Change) -> None:
    change_card(folder, change)
    assert refusal(folder) == f"{folder}: answers otherwise than when it was saved; train again"


def test_a_difference_too_small_to_matter_is_none(folder: Path) -> None:
    confidence = card_of(folder)["probes"][3]["confidence"]
    change_card(folder, spoil("confidence", confidence + 1e-8))
    assert load_artifact(folder)


def test_other_versions_that_answer_alike_are_used(folder: Path, small: Artifact) -> None:
    change_card(folder, lambda card: card["versions"].update({"scikit-learn": "0.1", "python": "3.9.9", "gone": "1"}))
    assert same(load_artifact(folder).model, small.model)


def test_other_versions_that_answer_otherwise_are_named(folder: Path) -> None:
    here = card_of(folder)["versions"]["scikit-learn"]
    change_card(folder, lambda card: card["versions"].update({"scikit-learn": "0.1"}))
    change_card(folder, SPOILED[0])
    assert refusal(folder) == (
        f"{folder}: answers otherwise than when it was saved; "
        f"it was saved with scikit-learn 0.1 (here {here}): install these, or train again"
    )


def test_other_versions_that_do_not_load_are_named_too(folder: Path) -> None:
    here = card_of(folder)["versions"]["numpy"]
    np.savez(folder / "guard.npz", threshold=np.array(0.1))
    sign(folder)
    change_card(folder, lambda card: card["versions"].update(numpy="0.1"))
    said = refusal(folder)
    assert said.startswith(f"{folder}: does not load (KeyError")
    assert said.endswith(f"it was saved with numpy 0.1 (here {here}): install these, or train again")


# A model that stays elsewhere


@pytest.fixture(scope="module")
def referred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("referred")
    (folder / f"{MODULE}.py").write_text(SOURCE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "path", [*sys.path])
        patch.setattr(sys, "dont_write_bytecode", True)
        made = wrap(f"python:{MODULE}:answer", FEW).artifact.save(folder / "shop")
    sys.modules.pop(MODULE)
    return made


@pytest.fixture
def referring(referred: Path, code: Path) -> Path:
    """A copy of an artifact that refers to code in the working directory."""
    return Path(shutil.copytree(referred, code / "shop"))


def test_code_that_has_changed_is_refused_before_it_runs(referring: Path, code: Path) -> None:
    (code / f"{MODULE}.py").write_text("open('ran', 'w').close()\n" + SOURCE)
    assert refusal(referring) == (
        f"python:{MODULE}:answer: has changed since it was wrapped; wrap it again: roadworthy wrap"
    )
    assert not (code / "ran").exists()


def test_code_that_is_gone_is_refused(referring: Path, code: Path) -> None:
    (code / f"{MODULE}.py").unlink()
    assert refusal(referring) == (
        f"python:{MODULE}:answer: no such module here; run it in its folder, or install its package"
    )


@pytest.mark.parametrize("spec", ["python:subprocess:call", "python:os:system", "python:os.path:exists"])
def test_a_part_of_python_is_no_model(referring: Path, spec: str) -> None:
    for sha256 in (None, "0" * 64):
        change_card(referring, lambda card, sha256=sha256: card.update(reference=spec, reference_sha256=sha256))
        assert refusal(referring) == f"{spec}: is no model but a part of Python; name a function of your own"


def test_a_pickle_that_a_card_refers_to_is_not_loaded(referring: Path, code: Path) -> None:
    (code / "bomb.pkl").write_bytes(pickle.dumps(Bomb()))
    change_card(referring, lambda card: card.update(reference="bomb.pkl", reference_sha256=None))
    assert "is no model that stays elsewhere" in refusal(referring)
    assert not (code / "ran").exists()


def test_a_card_refers_to_nothing_but_what_cannot_be_saved(referring: Path, saved: Path) -> None:
    change_card(referring, lambda card: card.update(reference=str(saved), reference_sha256=None))
    refusal(referring)


def test_an_extra_that_is_missing_is_named(referring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(spec: str, *, allow_pickle: bool) -> None:
        raise MissingExtraError("a model of Hugging Face", extra="transformers")

    monkeypatch.setattr("roadworthy.models.load.load_huggingface", missing)
    change_card(referring, lambda card: card.update(reference="hf:someone/model", reference_sha256=None))
    assert "pip install" in refusal(referring, kind=MissingExtraError)


def test_load_model_loads_it_with_its_guard(saved: Path, trained: Artifact) -> None:
    model = load_model(saved)
    assert isinstance(model, GuardedModel)
    assert same(model, trained.model)
