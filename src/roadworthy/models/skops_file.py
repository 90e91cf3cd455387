"""Estimators as skops files: written only if they can be read again, read only if every type in them is trusted."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

from roadworthy.errors import ModelError, named

# Types of ours that a file may hold, besides those of scikit-learn, numpy and scipy that skops trusts itself.
TRUSTED = (
    "roadworthy.features.SentenceEmbedding",
    "roadworthy.features.character_ngrams",
    "roadworthy.features.word_ngrams",
    "roadworthy.models.hardened.HardenedClassifier",
    "roadworthy.spelling.SpellingCorrector",
)
BY_NAME = "put it behind a function of your own, and name that: python:MODULE:FUNCTION"


def dump(estimator: Any, name: str) -> bytes:
    """The content of a skops file.

    Raises
    ------
    ModelError
        skops cannot save it, or holds types in it that are not trusted when it is loaded.
    """
    import skops.io

    try:
        content: bytes = skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED)
        foreign = _foreign(data=content)
    except Exception as error:
        raise ModelError(f"cannot be saved ({named(error)})", where=name, mend=BY_NAME) from error
    if foreign:
        raise ModelError(f"is made of {', '.join(foreign)}, which is not trusted", where=name, mend=BY_NAME)
    return content


def load(path: Path) -> Any:
    """The estimator in a skops file; that another version of scikit-learn wrote it is no error by itself.

    Raises
    ------
    ModelError
        It holds types that are not trusted, or cannot be read.
    """
    import skops.io
    from sklearn.exceptions import InconsistentVersionWarning

    try:
        foreign = _foreign(file=path)
        if not foreign:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", InconsistentVersionWarning)
                return skops.io.load(path, trusted=list(TRUSTED))
    except Exception as error:
        raise ModelError(f"does not load ({named(error)})", where=path, mend="save it again with skops") from error
    raise ModelError(
        f"holds types that are not trusted: {', '.join(foreign)}",
        where=path,
        mend="save a model made of scikit-learn's own types",
    )


def _foreign(**source: Any) -> list[str]:
    import skops.io

    return sorted(set(skops.io.get_untrusted_types(**source)) - set(TRUSTED))
