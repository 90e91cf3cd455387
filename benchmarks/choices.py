"""The cross-validation behind the constants of features.py and familiarity.py.

    python benchmarks/choices.py --data DIR [--encoder DIR] [--repeats 4]

DIR holds hint3_sofmattress/train.csv and hint3_train_only/*.csv, the training messages of three chatbots; no other file
of it is opened. Printed are two tables, what the package does in bold:

- accuracy of a linear support vector machine (C = 1) on other features, in three-fold cross-validation, repeated, on
  messages as they are and perturbed (severity 3); and how far it is from that on the package's own features, on average
  and in the repeats where that is smallest and largest;
- AUROC of familiarity with other numbers of prototypes a class, and made of other parts: how well it tells held-out
  messages from those of classes that were left out of the training, a quarter at a time (near), and from those of the
  other chatbots (far); and rightly answered ones from all others (trust). And where a tenth of the held-out messages
  is flagged: the share of right answers to the same messages, perturbed (severity 3), that is kept. Means over
  chatbots, draws of the classes and five folds.

With --encoder, a directory or hub name, the weights of its embedding are in the first table, and the second table is
that of a model with the embedding.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from roadworthy.data import Dataset, read_labelled
from roadworthy.familiarity import PROTOTYPES, Familiarity
from roadworthy.features import (
    CHARACTERS,
    MEANING,
    MEANING_WEIGHT,
    PIECES,
    WORD_WEIGHT,
    WORDS,
    embed_once,
    text_features,
)
from roadworthy.guard import FLAG_RATE
from roadworthy.models.choosing import (
    JUDGED_SEVERITY,
    Choice,
    TrainingMessages,
    both,
    fit,
    held_out_folds,
    splits,
    strings,
    written_by_users,
)
from roadworthy.models.encoder import load_encoder
from roadworthy.models.hardened import certainty_of, fit_temperature, softmax
from roadworthy.tokens import tokenise

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS, PARTS, SAMPLE = 3, 5, 150
NEAR, FAR = -1, -2
CAPS = (4, 8, PROTOTYPES, 32, 1_000)
WEIGHTS = (0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0)
CHOSEN = "chosen"
STOCK = {
    WORDS: TfidfVectorizer(ngram_range=(1, 2), binary=True),
    CHARACTERS: TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), binary=True),
}


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--encoder", metavar="DIR")
    parser.add_argument("--repeats", type=int, default=4)
    options = parser.parse_args()
    bots = read_bots(options.data)
    encoder = None if options.encoder is None else embed_once(load_encoder(options.encoder))
    print("\n".join(table_of_features(bots, encoder, options.repeats)), flush=True)
    print()
    print("\n".join(table_of_familiarity(bots, encoder, options.repeats)))


def read_bots(directory: Path) -> dict[str, Dataset]:
    """The training messages of each chatbot."""
    others = sorted((directory / "hint3_train_only").glob("*.csv"))
    paths = {"sofmattress": directory / "hint3_sofmattress" / "train.csv", **{path.stem: path for path in others}}
    return {name: read_labelled(path) for name, path in paths.items()}


# Features


def variants(n: int, encoder: Any) -> dict[str, Any]:
    """Features to compare, unfitted, by what they are; those of the package are CHOSEN."""

    def changed(**parameters: Any) -> Any:
        features = text_features(n, encoder=encoder)
        features[-1].set_params(**parameters)
        return features

    def weighted(weight: float, name: str) -> Any:
        weights = {**text_features(n, encoder=encoder)[-1].transformer_weights, name: weight}
        return changed(transformer_weights=weights)

    found = {
        CHOSEN: changed(),
        "spelling not corrected": changed()[-1],
        "scikit-learn's analyzers": changed(**STOCK)[-1],
        **{f"words weigh {weight:g}": weighted(weight, WORDS) for weight in WEIGHTS if weight != WORD_WEIGHT},
        "no words": changed(**{WORDS: "drop"}),
        "single words": changed(**{WORDS: _words(1)}),
        "words up to three": changed(**{WORDS: _words(3)}),
        "no pieces of words": changed(**{CHARACTERS: "drop"}),
        **{
            f"pieces of {lengths[0]} to {lengths[1]}": changed(**{CHARACTERS: _pieces(*lengths)})
            for lengths in ((1, 4), (2, 3), (2, 5), (3, 4), (3, 5))
        },
        "n-grams counted": changed(**{f"{WORDS}__binary": False, f"{CHARACTERS}__binary": False}),
    }
    if encoder is not None:
        weights = [weight for weight in WEIGHTS if weight != MEANING_WEIGHT]
        found |= {f"meaning weighs {weight:g}": weighted(weight, MEANING) for weight in weights}
        found["no meaning"] = text_features(n)
    return found


def _words(longest: int) -> Any:
    return TfidfVectorizer(
        tokenizer=tokenise, token_pattern=None, lowercase=False, ngram_range=(1, longest), binary=True
    )


def _pieces(shortest: int, longest: int) -> Any:
    return TfidfVectorizer(preprocessor=respelt, analyzer="char_wb", ngram_range=(shortest, longest), binary=True)


def respelt(text: str) -> str:
    """The message in the spelling that features see, for the analyzers of scikit-learn."""
    return " ".join(tokenise(text))


def table_of_features(bots: Mapping[str, Dataset], encoder: Any, repeats: int) -> list[str]:
    """The lines of the first table."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    for data in bots.values():
        for name, features in variants(len(data), encoder).items():
            found.setdefault(name, []).append(cross_validated(features, data, repeats))
    title = f"features (words weigh {WORD_WEIGHT:g}, pieces of {PIECES[0]} to {PIECES[-1]}"
    title += ")" if encoder is None else f", meaning weighs {MEANING_WEIGHT:g})"
    lines = _head((title, *bots, "mean", "minus chosen, and by repeat", "perturbed", "minus chosen, and by repeat"))
    for name, accuracies in found.items():
        by_repeat, chosen = np.mean(accuracies, axis=0), np.mean(found[CHOSEN], axis=0)
        cells = [f"{accuracy[:, 0].mean():.3f}" for accuracy in accuracies]
        for mean, less in zip(by_repeat.T, (by_repeat - chosen).T, strict=True):
            cells += [f"{mean.mean():.4f}", f"{less.mean():+.4f} ({less.min():+.4f} to {less.max():+.4f})"]
        lines.append(_line((name, *cells), bold=name == CHOSEN))
    return lines


def cross_validated(features: Any, data: Dataset, repeats: int) -> NDArray[np.float64]:
    """Accuracy of each repeat on messages as they are and perturbed, shape (repeats, 2).

    The only message of a class is always trained on.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    texts, codes = strings(data.texts), np.unique(np.array(data.labels), return_inverse=True)[1]
    perturbed = strings(written_by_users(data.texts, severity=JUDGED_SEVERITY, seed=1))
    model = make_pipeline(features, LinearSVC(random_state=0, max_iter=10_000))
    found = []
    for seed in range(repeats):
        right = []
        for train, test in splits(held_out_folds(codes, seed, parts=FOLDS)):
            model.fit(texts[train], codes[train])
            right.append([model.predict(asked[test]) == codes[test] for asked in (texts, perturbed)])
        found.append(np.concatenate(right, axis=1).mean(axis=1))
    return np.array(found)


# Familiarity


class Told(NamedTuple):
    """What is known of n messages that a model has not seen, each array of shape (n,).

    Parameters
    ----------
    truth
        The code of the class; NEAR for classes left out, FAR for other chatbots'.
    answers
        The code of the class that was answered.
    familiarity
        The package's own.
    similarity, meaning, known
        Cosines with the nearest prototype by n-grams and by embedding, and the share of n-grams that is known.
    certainty, confidence, words
        How sure the model is, by its score and by its probability, and the share of words that is known.
    perturbed
        Whether it is a message of a known class, perturbed: only `kept` is about these.
    """

    truth: NDArray[np.intp]
    answers: NDArray[np.intp]
    familiarity: NDArray[np.float64]
    similarity: NDArray[np.float64]
    meaning: NDArray[np.float64]
    known: NDArray[np.float64]
    certainty: NDArray[np.float64]
    confidence: NDArray[np.float64]
    words: NDArray[np.float64]
    perturbed: NDArray[np.bool_]

    @property
    def near(self) -> NDArray[np.float64]:
        """By embedding if there is one, else by n-grams."""
        return np.where(np.isnan(self.meaning), self.similarity * self.known, self.meaning)

    def aurocs(self, familiarity: NDArray[np.float64]) -> tuple[float, float, float]:
        """Near, far and trust."""
        from sklearn.metrics import roc_auc_score

        inside, clean = self.truth >= 0, ~self.perturbed
        near, far = (
            float(roc_auc_score(inside[rows], familiarity[rows]))
            for rows in (clean & (self.truth != FAR), clean & (self.truth != NEAR))
        )
        right = self.answers == self.truth
        return near, far, float(roc_auc_score(right[clean], familiarity[clean]))

    def kept(self, familiarity: NDArray[np.float64]) -> float:
        """The share of right answers to perturbed messages that is kept when a tenth of the clean ones is flagged."""
        threshold = np.quantile(familiarity[(self.truth >= 0) & ~self.perturbed], FLAG_RATE)
        return float((familiarity[self.perturbed & (self.answers == self.truth)] >= threshold).mean())


MADE_OF: dict[str, Callable[[Told], NDArray[np.float64]]] = {
    CHOSEN: lambda told: told.familiarity,
    "similarity alone": lambda told: told.similarity * told.known,
    "meaning alone": lambda told: told.meaning,
    "certainty alone": lambda told: told.certainty,
    "confidence alone": lambda told: told.confidence,
    "known words alone": lambda told: told.words,
    "similarity and certainty": lambda told: told.similarity * told.known + told.certainty,
    "similarity, meaning and certainty": lambda told: told.similarity * told.known + told.meaning + told.certainty,
    "similarity and meaning as much as certainty": (
        lambda told: (told.similarity * told.known + told.meaning) / 2 + told.certainty
    ),
    "confidence in place of certainty": lambda told: told.near + told.confidence,
    "and confidence": lambda told: told.near + told.certainty + told.confidence,
    "and known words": lambda told: told.near + told.certainty + told.words,
    "and half of known words": lambda told: told.near + told.certainty + told.words / 2,
    "certainty twice": lambda told: told.near + 2 * told.certainty,
    "certainty half": lambda told: told.near + told.certainty / 2,
    "similarity not times what is known": lambda told: told.similarity + told.certainty,
    "the product": lambda told: told.near * told.certainty,
}


@dataclass(frozen=True, eq=False)
class Fold:
    """A model with what it was trained on, and messages that it has not seen with their scores, shape (n, k)."""

    train: TrainingMessages
    features: Any
    texts: list[str]
    truth: NDArray[np.intp]
    scores: NDArray[np.float64]
    perturbed: NDArray[np.bool_]

    def told(self, temperature: float, cap: int) -> Told:
        """All that is known of its messages, with so many prototypes a class."""
        texts, labels = [*self.train.texts], self.train.codes.astype(str).tolist()
        known = Familiarity.fit(texts, labels, features=self.features, encoder=self.train.encoder, cap=cap)
        answers, found = self.scores.argmax(axis=1), known.compiled.of(self.texts)
        certainty = certainty_of(self.scores.max(axis=1))
        rows = zip(self.texts, map(str, answers), certainty.tolist(), found, strict=True)
        parts = [known.parts(text, answer, sure, features=features) for text, answer, sure, features in rows]
        similarity, shares = np.array([part.similarity for part in parts]), np.array([one.known for one in found])
        return Told(
            truth=self.truth,
            answers=answers,
            familiarity=np.array([part.familiarity for part in parts]),
            similarity=np.divide(similarity, shares, out=np.zeros(len(shares)), where=shares > 0),
            meaning=np.array([part.meaning for part in parts]),
            known=shares,
            certainty=certainty,
            confidence=softmax(self.scores * temperature).max(axis=1),
            words=np.array([known.known_words(text) for text in self.texts]),
            perturbed=self.perturbed,
        )


def table_of_familiarity(bots: Mapping[str, Dataset], encoder: Any, draws: int) -> list[str]:
    """The lines of the second table."""
    asked = [*((cap, CHOSEN) for cap in CAPS), *((PROTOTYPES, name) for name in MADE_OF if name != CHOSEN)]
    if encoder is None:
        without = ("meaning alone", "similarity, meaning and certainty", "similarity and meaning as much as certainty")
        asked = [(cap, name) for cap, name in asked if name not in without]
    found: dict[tuple[int, str], list[NDArray[np.float64]]] = {key: [] for key in asked}
    for data, others in _each_and_others(bots):
        told = [one for seed in range(draws) for one in without_some_classes(data, others, encoder, seed)]
        for cap, name in asked:
            found[cap, name].append(
                np.mean([_measured(by_cap[cap], MADE_OF[name](by_cap[cap])) for by_cap in told], axis=0)
            )
    lines = _head(("familiarity", "prototypes a class", "near", "far", "trust", "kept"))
    for (cap, name), means in found.items():
        cells = (name, "all" if cap == CAPS[-1] else str(cap), *(f"{mean:.3f}" for mean in np.mean(means, axis=0)))
        lines.append(_line(cells, bold=(cap, name) == (PROTOTYPES, CHOSEN)))
    return lines


def _measured(told: Told, familiarity: NDArray[np.float64]) -> tuple[float, ...]:
    return (*told.aurocs(familiarity), told.kept(familiarity))


def _each_and_others(bots: Mapping[str, Dataset]) -> Iterator[tuple[Dataset, list[str]]]:
    """The messages of each chatbot, and a sample of those of every other one."""
    for name, data in bots.items():
        sampled = [other.sample(SAMPLE, seed=1).texts for found, other in bots.items() if found != name]
        yield data, [text for texts in sampled for text in texts]


def without_some_classes(data: Dataset, others: Sequence[str], encoder: Any, seed: int) -> list[dict[int, Told]]:
    """Leave a quarter of the classes out; what the model of each fold of the rest tells, by the cap on prototypes."""
    labels = np.array(data.labels)
    drawn = np.random.default_rng(seed).choice(data.classes, len(data.classes) // 4, replace=False)
    left_out = np.isin(labels, drawn)
    texts, codes = strings(data.texts)[~left_out], np.unique(labels[~left_out], return_inverse=True)[1]
    perturbed = strings(written_by_users([*texts], severity=JUDGED_SEVERITY, seed=seed + 1))
    messages = TrainingMessages(texts, perturbed, codes, encoder)
    strangers = [*strings(data.texts)[left_out], *others]
    truth = np.repeat([NEAR, FAR], [left_out.sum(), len(others)])
    folds = [_fold(messages, *rows, strangers, truth) for rows in splits(held_out_folds(codes, seed, parts=PARTS))]
    inside = [(fold.truth >= 0) & ~fold.perturbed for fold in folds]
    temperature = fit_temperature(
        np.concatenate([fold.scores[rows] for fold, rows in zip(folds, inside, strict=True)]),
        np.concatenate([fold.truth[rows] for fold, rows in zip(folds, inside, strict=True)]),
    )
    return [{cap: fold.told(temperature, cap) for cap in CAPS} for fold in folds]


def _fold(
    messages: TrainingMessages,
    seen: NDArray[np.intp],
    held_out: NDArray[np.intp],
    strangers: Sequence[str],
    truth: NDArray[np.intp],
) -> Fold:
    train, test = messages.take(seen), messages.take(held_out)
    features, linear = fit(train, Choice())
    texts = [*test.texts, *test.copies, *strangers]
    scores = both(linear.decision_function(features.transform(texts)))
    perturbed = np.repeat([False, True, False], [len(test.codes), len(test.codes), len(strangers)])
    return Fold(train, features, texts, np.concatenate((test.codes, test.codes, truth)), scores, perturbed)


def _head(titles: Sequence[str]) -> list[str]:
    return [_line(titles), _line(["---"] * len(titles))]


def _line(cells: Sequence[str], *, bold: bool = False) -> str:
    return f"| {' | '.join(f'**{cell}**' if bold else cell for cell in cells)} |"


if __name__ == "__main__":
    main()
