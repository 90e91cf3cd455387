"""Hinglish: what it does to ten models, simulated and real."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.hinglish import to_hinglish

MUST, AIM = 6, 3


def simulated(text: str, seed: int) -> str:
    """A message in Hinglish."""
    return to_hinglish(text, Draw("Hinglish", 3, seed, text))


def models() -> Iterator[tuple[str, Any]]:
    """Ten models that teams build, untrained."""
    words = {"words": {}, "words and pairs": {"ngram_range": (1, 2)}}
    characters = {"analyzer": "char_wb", "ngram_range": (2, 4), "sublinear_tf": True}
    for name, options in words.items():
        yield f"counts of {name}, logistic regression", _of(CountVectorizer(**options), _logistic())
        yield f"TF-IDF of {name}, logistic regression", _of(TfidfVectorizer(**options), _logistic())
        yield f"TF-IDF of {name}, linear SVM", _of(TfidfVectorizer(**options), LinearSVC())
    yield "counts of words, naive Bayes", _of(CountVectorizer(), MultinomialNB())
    yield "TF-IDF of words, complement naive Bayes", _of(TfidfVectorizer(), ComplementNB())
    yield "TF-IDF of characters, linear SVM", _of(TfidfVectorizer(**characters), LinearSVC())
    yield "TF-IDF of characters, ridge", _of(TfidfVectorizer(**characters), RidgeClassifier())


def _of(features: Any, model: Any) -> Any:
    return make_pipeline(features, model)


def _logistic() -> LogisticRegression:
    return LogisticRegression(max_iter=1000)


def lines(folder: Path, judged: str) -> list[str]:
    """A table: points of accuracy that each model loses to simulated and to real Hinglish.

    Every model is trained on the English of one half of train.csv; judged are the messages of the other half, or those
    of the file that is named.
    """
    rows = _read(folder / "train.csv")
    order = np.random.default_rng(0).permutation(len(rows))
    middle = len(rows) // 2
    train = [rows[i] for i in order[:middle]]
    asked = [rows[i] for i in order[middle:]] if judged == "train.csv" else _read(folder / judged)
    made = [{**row, "simulated": simulated(row["english"], 0)} for row in asked]
    found = [
        f"\n| model, on {judged} | English | drop, simulated | drop, real | apart |",
        "| --- | --- | --- | --- | --- |",
    ]
    apart = []
    for name, model in models():
        model.fit(_column(train, "english"), _column(train, "intent"))
        clean, own, real = (_accuracy(model, made, column) for column in ("english", "simulated", "hinglish"))
        apart.append(abs(own - real))
        found.append(f"| {name} | {clean:.1f} | {clean - own:.1f} | {clean - real:.1f} | {apart[-1]:.1f} |")
    return [*found, f"| mean of {len(apart)} (must {MUST}, aim {AIM}) | | | | {mean(apart):.1f} |"]


def _accuracy(model: Any, rows: Sequence[dict[str, str]], column: str) -> float:
    return 100 * float(np.mean(model.predict(_column(rows, column)) == np.array(_column(rows, "intent"))))


def _column(rows: Sequence[dict[str, str]], name: str) -> list[str]:
    return [row[name] for row in rows]


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))
