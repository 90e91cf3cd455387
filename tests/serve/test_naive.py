"""The story's API answers everything with 200 OK, which is what is wrong with it."""

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from roadworthy.data import Dataset
from roadworthy.errors import MissingExtraError, ModelError
from roadworthy.serve import naive
from roadworthy.training.notebook import MODEL_FILE, save_pickles, train_notebook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = Dataset.of(["my order is late", "where is it", "refund please", "a refund"], ["order", "order", 1, 1])
    save_pickles(train_notebook(data), tmp_path)
    return tmp_path


def post(folder: Path, content: bytes) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=naive.create_app(folder, allow_pickle=True))
        async with httpx.AsyncClient(transport=transport, base_url="http://naive") as client:
            return await client.post("/predict", content=content, headers={"content-type": "application/json"})

    return anyio.run(ask)


@pytest.mark.parametrize(
    "body",
    [
        {"text": "where is my order"},
        {"text": "asdf 😀 कहाँ"},
        {"text": ""},
        {"text": None},
        {"text": 5},
        {"text": "x" * 100_000},
        {"texts": ["ignored"]},
        {},
    ],
)
def test_everything_is_answered_with_a_label_and_a_confidence(folder: Path, body: dict[str, Any]) -> None:
    response = post(folder, json.dumps(body).encode())
    assert response.status_code == 200
    answer = response.json()
    assert answer["label"] in {"1", "order"}
    assert 0.5 <= answer["confidence"] <= 1
    assert len(answer) == 2


@pytest.mark.parametrize("content", [b"{", b"[]", b'"text"'])
def test_what_is_no_object_is_refused_by_the_framework(folder: Path, content: bytes) -> None:
    assert post(folder, content).status_code == 422


def test_a_missing_pickle_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"vectorizer.pkl: no such file; train it with: roadworthy train"):
        naive.create_app(tmp_path, allow_pickle=True)


@pytest.mark.parametrize(("content", "said"), [(b"", "EOFError"), (b"nonsense", "UnpicklingError")])
def test_a_broken_pickle_is_named(folder: Path, content: bytes, said: str) -> None:
    (folder / MODEL_FILE).write_bytes(content)
    with pytest.raises(ModelError, match=rf"model.pkl: does not load \({said}"):
        naive.create_app(folder, allow_pickle=True)


def test_a_pickle_is_loaded_once_when_the_app_is_made(folder: Path) -> None:
    app = naive.create_app(folder, allow_pickle=True)
    (folder / MODEL_FILE).write_bytes(pickle.dumps(None))
    assert app.title == "Support desk classifier"


def test_it_runs_where_it_is_told_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import uvicorn

    seen: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: seen.update(options, title=app.title))
    naive.run(folder, host="127.0.0.9", port=0, allow_pickle=True)
    assert (seen["host"], seen["port"], seen["title"]) == ("127.0.0.9", 0, "Support desk classifier")


@pytest.mark.parametrize("module", ["fastapi", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r'serving needs the extra .*pip install "roadworthy\[serve\]"'):
        naive.run(folder, host="127.0.0.1", port=0, allow_pickle=True)


def test_pickles_are_loaded_only_where_they_are_trusted(folder):
    with pytest.raises(ModelError, match="--allow-pickle"):
        naive.create_app(folder)
