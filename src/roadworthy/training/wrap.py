"""Wrapping: a model that is there already gets its guard, from labelled clean messages; it stays as it is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from roadworthy.data import Dataset, Predictions, require_classes
from roadworthy.errors import ModelError
from roadworthy.guard import FLAG_RATE, Guard, require_flag_rate
from roadworthy.models import as_model, ask, load_model
from roadworthy.models.artifact import Artifact, messages_card
from roadworthy.models.choosing import Choice, TrainingMessages, both, fit, held_out_folds, parts_of, splits, strings
from roadworthy.models.encoder import load_encoder
from roadworthy.models.guarded import GuardedModel
from roadworthy.models.hardened import require_two
from roadworthy.models.reference import is_reference
from roadworthy.training.hardened import held_out_figures, require_oos

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from roadworthy.models.adapt import Model

NAME = "wrap"
# Right so often, and so much oftener than what can be learned from the messages: most likely it was trained on them.
_TOO_GOOD, _SO_MUCH_BETTER = 0.95, 0.05


@dataclass(frozen=True, eq=False)
class Wrapped:
    """What wrapping gives.

    Parameters
    ----------
    artifact
        The model with its guard.
    seen
        Whether the messages are taken for ones that the model was trained on.
    accuracy, learnable
        The model's accuracy on the messages, and that of a plain model on them in cross-validation.
    """

    artifact: Artifact
    seen: bool
    accuracy: float
    learnable: float


def wrap(
    model: object,
    data: Dataset,
    *,
    seen: bool | None = None,
    flag_rate: float = FLAG_RATE,
    encoder: str | None = None,
    oos_label: str | None = None,
    allow_pickle: bool = False,
    seed: int = 0,
) -> Wrapped:
    """Give a model a guard.

    Where the model was trained on these very messages, its answers to them say nothing about new ones. Of a
    scikit-learn model, copies are then trained on parts of the messages, and the guard learns from what these answer
    to the others; the model itself stays as it is. Of any other model, and where that fails, the guard does without
    the answers: it looks only at how near a message is to the training messages, whatever their class.

    Parameters
    ----------
    model
        A spec for `load_model`, or anything that `as_model` takes.
    data
        n labelled clean messages.
    seen
        Whether the model was trained on them; by default it is judged by how good its answers are.
    flag_rate
        The share of ordinary in-scope messages that may be flagged.
    encoder
        Directory or hub name of a sentence encoder, for familiarity; None does without.
    oos_label
        The label by which the model answers out-of-scope messages, or that these have in `data`.

    Raises
    ------
    DataError
        No labels, a single class, or too few messages.
    ModelError
        The model cannot be loaded, or its answers and the labels have nothing in common.

    Examples
    --------
    >>> from roadworthy import support_desk
    >>> def answer(texts):
    ...     return ["app_problem" if "app" in text else "cancel_order" for text in texts]
    >>> wrap(answer, support_desk.load_train().sample(100)).artifact.model.answer_one("").reasons
    ('empty',)
    """
    require_classes(data)
    require_flag_rate(flag_rate)
    if oos_label in data.classes:
        require_oos(data, oos_label)
    spec = str(model) if isinstance(model, str | Path) else None
    loaded = as_model(model) if spec is None else load_model(spec, allow_pickle=allow_pickle)
    if isinstance(loaded, GuardedModel):
        raise ModelError("has a guard already", where=loaded.name, mend="wrap the model itself, or train it again")
    reference = spec if spec is not None and is_reference(spec) else None
    name = str(getattr(loaded, "name", type(loaded).__name__))
    answers, labels = ask(loaded, data.texts).predictions, strings(data.labels or ())
    _require_shared_labels(answers, data, name)
    codes = np.unique(labels.astype(str), return_inverse=True)[1]
    require_two(codes)
    folds = held_out_folds(codes, seed, parts=parts_of(len(data)))
    held_out = folds >= 0
    learnable = float((_plain_answers(data, folds) == labels)[held_out].mean())
    accuracy = float((answers.labels == labels)[held_out].mean())
    too_good = max(_TOO_GOOD, learnable + _SO_MUCH_BETTER)
    seen = accuracy > too_good if seen is None else seen
    new = _answers_of_refits(loaded, data, answers, folds) if seen else answers
    if seen and new is not None and float((new.labels == labels)[held_out].mean()) > too_good:
        # Training it anew did not make it forget.
        new = None
    uses_confidence = new is not None and not bool(np.isnan(new.confidence).any())
    loaded_encoder = None if encoder is None else load_encoder(encoder)
    guard = Guard(
        flag_rate,
        oos_label=oos_label,
        uses_confidence=uses_confidence,
        uses_label=new is not None,
        encoder=loaded_encoder,
    )
    guard.fit(data.texts, list(labels), answers if new is None else new, folds)
    artifact = Artifact(
        GuardedModel(loaded, guard, name=name, estimator=getattr(loaded, "estimator", None)),
        NAME,
        messages_card(data),
        {
            "model": name,
            "seen": seen,
            "refitted": seen and new is not None,
            "uses_confidence": uses_confidence,
            "flag_rate": flag_rate,
            "seed": seed,
        },
        {} if new is None else held_out_figures(new, list(labels), folds),
        reference,
    )
    return Wrapped(artifact, seen, accuracy, learnable)


def _answers_of_refits(
    model: Model, data: Dataset, answers: Predictions, folds: NDArray[np.intp]
) -> Predictions | None:
    """What copies of a scikit-learn model answer that are trained on the other parts; None where that cannot be done.

    A message that is never held out keeps the model's own answer.
    """
    from sklearn.base import clone

    estimator = getattr(model, "estimator", None)
    if estimator is None:
        return None
    texts, labels = strings(data.texts), strings(data.labels or ())
    found = Predictions(answers.labels.copy(), answers.confidence.copy())
    with warnings.catch_warnings():
        # Whoever trained the model has read its warnings.
        warnings.simplefilter("ignore")
        for train, test in splits(folds):
            try:
                copy = as_model(clone(estimator).fit(texts[train].tolist(), labels[train].tolist()))
                part = ask(copy, texts[test].tolist()).predictions
            except Exception:
                return None
            found.labels[test], found.confidence[test] = part.labels, part.confidence
    return found


def _plain_answers(data: Dataset, folds: NDArray[np.intp]) -> NDArray[np.object_]:
    """The labels that a plain model gives in cross-validation; a message that is never held out keeps its own."""
    labels = strings(data.labels or ())
    classes, codes = np.unique(labels.astype(str), return_inverse=True)
    texts = strings(data.texts)
    messages = TrainingMessages(texts, texts, codes, None)
    found = labels.copy()
    for train, test in splits(folds):
        features, linear = fit(messages.take(train), Choice())
        best = both(linear.decision_function(features.transform(texts[test]))).argmax(axis=1)
        found[test] = classes[best]
    return found


def _require_shared_labels(answers: Predictions, data: Dataset, name: str) -> None:
    if set(answers.labels) & set(data.classes):
        return
    said, true = (", ".join(map(repr, sorted(map(str, found))[:3])) for found in ({*answers.labels}, data.classes))
    raise ModelError(
        f"answers {said}, the messages are labelled {true}",
        where=name,
        mend="give the model's own labels",
    )
