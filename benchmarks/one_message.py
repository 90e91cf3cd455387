"""What one message costs, asked one at a time as a service is: ours with its guard, and scikit-learn's pipelines.

    python benchmarks/one_message.py [--data DIR] [--rounds 7]

The models are trained on support_desk's training messages and asked its messages in real-user style; with --data, DIR
holding clinc150/{train,val}.csv, also on CLINC150 (training takes about a minute). Asked are:

- ours: GuardedModel.answer_one, that is label, confidence, familiarity and reasons;
- its features alone, and its probabilities without a guard; so what is left of ours is the guard;
- scikit-learn, same features: predict_proba of the estimator that ours was compiled from, without a guard;
- scikit-learn, stock analyzers: decision_function of TfidfVectorizer over words (1, 2) and char_wb (2, 4) and a
  LinearSVC;
- notebook, and notebook compiled: predict_proba of CountVectorizer and LogisticRegression, by scikit-learn and by ours.

Each round asks everybody the same messages in turn; printed are the median round in CPU microseconds a message, the
fastest and slowest, and the median as a multiple of ours. All messages differ. Pieces of words are remembered by word:
a first round that does not count has met every word.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from roadworthy import support_desk
from roadworthy.data import Dataset, read_dataset, read_labelled
from roadworthy.models.compiled import CompiledModel, compile_model
from roadworthy.models.guarded import GuardedModel
from roadworthy.training.hardened import train_hardened
from roadworthy.training.notebook import train_notebook

OURS, FEATURES, PROBABILITIES = "ours, guard included", "ours, features alone", "ours, probabilities, no guard"
TITLES = ("messages", "asked", "µs a message", "fastest to slowest round", "times ours")

Ask = Callable[[str], object]


def main() -> None:
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    print(f"| {' | '.join(TITLES)} |\n| {' | '.join(['---'] * len(TITLES))} |")
    for name, train, asked in message_sets(options.data):
        found = measure(contenders(train), list(dict.fromkeys(asked.texts)), options.rounds)
        print("\n".join(rows(name, found)), flush=True)


def message_sets(directory: Path | None) -> Iterator[tuple[str, Dataset, Dataset]]:
    """A name, what is trained on, and what is asked."""
    yield "support_desk", support_desk.load_train(), support_desk.load_real_style()
    if directory is not None:
        folder = directory / "clinc150"
        yield "CLINC150", read_labelled(folder / "train.csv"), read_dataset(folder / "val.csv")


def contenders(train: Dataset) -> dict[str, Ask]:
    """Everybody that is asked, trained."""
    guarded = train_hardened(train).model
    estimator: Any = guarded.estimator
    notebook, stock = train_notebook(train).pipeline, train_stock(train)
    return {
        **ours(guarded),
        "scikit-learn, same features": lambda text: estimator.predict_proba([text]),
        "scikit-learn, stock analyzers": lambda text: stock.decision_function([text]),
        "notebook": lambda text: notebook.predict_proba([text]),
        "notebook compiled": one_by_one(compiled(notebook)),
    }


def ours(guarded: GuardedModel) -> dict[str, Ask]:
    """The guarded model, and what it does first."""
    assert isinstance(guarded.model, CompiledModel)
    of_one, probabilities = guarded.model.features.of_one, guarded.model.probabilities
    return {
        OURS: guarded.answer_one,
        FEATURES: of_one,
        PROBABILITIES: lambda text: probabilities(of_one(text)),
    }


def train_stock(train: Dataset) -> Any:
    """The same sorts of features by scikit-learn's own analyzers, and the same sort of machine."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), binary=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), binary=True)
    return make_pipeline(make_union(words, characters), LinearSVC()).fit(train.texts, train.labels)


def compiled(pipeline: Any) -> CompiledModel:
    """The pipeline, compiled."""
    found = compile_model(pipeline)
    assert found is not None
    return found


def one_by_one(model: CompiledModel) -> Ask:
    """Its probabilities for a message."""
    return lambda text: model.predict_proba([text])


def measure(asked: Mapping[str, Ask], texts: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """CPU microseconds a message, round by round."""
    found: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds + 1):
        for name, ask in asked.items():
            begun = time.process_time()
            for text in texts:
                ask(text)
            found[name].append((time.process_time() - begun) / len(texts) * 1e6)
    return {name: counted for name, (_, *counted) in found.items()}


def rows(name: str, found: Mapping[str, Sequence[float]]) -> list[str]:
    """The lines of the table, and what the parts of ours cost."""
    own = median(found[OURS])
    lines = [
        f"| {name} | {asked} | {median(taken):.1f} | {min(taken):.1f} to {max(taken):.1f} | {median(taken) / own:.2f} |"
        for asked, taken in found.items()
    ]
    features, probabilities = median(found[FEATURES]), median(found[PROBABILITIES])
    parts = (("features", features), ("linear", probabilities - features), ("guard and answer", own - probabilities))
    return [*lines, *(f"| {name} | of ours: {part} | {cost:.1f} | | {cost / own:.2f} |" for part, cost in parts)]


if __name__ == "__main__":
    main()
