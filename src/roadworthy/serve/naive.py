"""The API of the story: it loads the two pickles and answers everything with 200 OK.

This is how the service of many first models is written. It is here to be watched, not to be used: no input is
refused, no answer is doubted, nothing is logged or counted.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy.errors import MissingExtraError, ModelError, named
from roadworthy.training.notebook import MODEL_FILE, VECTORIZER_FILE

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app(directory: Path, *, allow_pickle: bool = False) -> FastAPI:
    """The app around `vectorizer.pkl` and `model.pkl` in a folder.

    Raises
    ------
    ModelError
        A pickle is missing, broken, or not allowed.
    MissingExtraError
        FastAPI is not installed.
    """
    try:
        from fastapi import FastAPI
    except ImportError:
        raise MissingExtraError("serving", extra="serve") from None
    if not allow_pickle:
        raise ModelError(
            "the story's API loads two pickles, which run code when they are loaded",
            where=directory,
            mend="if you trust them, add --allow-pickle",
        )
    vectorizer, model = (_load(directory / name) for name in (VECTORIZER_FILE, MODEL_FILE))
    app = FastAPI(title="Support desk classifier", openapi_url=None)

    @app.post("/predict")
    async def predict(body: dict[str, Any]) -> dict[str, Any]:
        probabilities = model.predict_proba(vectorizer.transform([str(body.get("text", ""))]))[0]
        best = probabilities.argmax()
        return {"label": str(model.classes_[best]), "confidence": float(probabilities[best])}

    return app


def _load(path: Path) -> Any:
    if not path.is_file():
        raise ModelError(
            "no such file",
            where=path,
            mend="train it with: roadworthy train DATA --recipe notebook --out DIR",
        )
    try:
        return pickle.loads(path.read_bytes())  # noqa: S301 (allowed by the caller)
    except Exception as error:
        raise ModelError(f"does not load ({named(error)})", where=path, mend="train it again") from error


def run(directory: Path, *, host: str, port: int, allow_pickle: bool = False) -> None:
    """Serve until interrupted; port 0 takes a free one, which uvicorn prints."""
    try:
        import uvicorn
    except ImportError:
        raise MissingExtraError("serving", extra="serve") from None
    uvicorn.run(create_app(directory, allow_pickle=allow_pickle), host=host, port=port, log_level="info")
