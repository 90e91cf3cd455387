"""How well simulated noise passes for real noise, ours and others', in one run.

    python benchmarks/realism.py [--pairs FILE] [--edit-types FILE] [--messages FILE] [--hinglish FOLDER] [--held-out]
                                 [--seeds 5]

- --pairs: a CSV with the columns clean and noisy (or typed), spoken, or both: messages as they were meant, and as they
  came. In each seed the rows fall into halves: how people type is learned from the pairs of one half, which is also
  what noise is made in; judged is against what people wrote in the other half.
- --edit-types: a CSV with the columns corpus, edits_per_100_tokens, edit_type and share_of_edits_percent, of which the
  first corpus counts. Texting is held against it: simulated in the messages of --messages (a CSV with a column text),
  or support_desk's. The wording of the messages decides which short forms can come at all.
- --hinglish: a folder with train.csv (columns english, hinglish, intent): halves again. With --held-out also
  validation.csv: choose nothing by that.

Printed are the areas under the ROC curves of two judges (0.5: nobody can tell; see realism_measures.py), the distance
between the types of edits, and how many edits there are in a hundred tokens. A half holds few edits, so that much of
the distance is chance: it is given for noise made once in each message, as people wrote once, and for noise made
TIMES times, which takes the chance in what was simulated away and leaves that in what was learned and in what was
judged by. Peers stand in the same table where they can be imported.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import mean

import numpy as np

import realism_hinglish
from realism_measures import Pair, edit_auc, edit_type, edits, edits_per_100, spaced, text_auc, type_distance
from realism_peers import BrokenPeerError, Noise, peers
from roadworthy import support_desk
from roadworthy.perturbations.draw import Draw
from roadworthy.perturbations.manners import dictated
from roadworthy.perturbations.profile import Profile
from roadworthy.perturbations.texter import text_like

TIMES = 10
TITLES = (
    "noise",
    "by",
    "text AUC",
    "edit AUC",
    "type distance",
    f"made {TIMES} times",
    "edits per 100 tokens",
    "must",
    "aim",
)
TYPING, TEXTING, DICTATED, HINGLISH = "typing", "texting", "dictated", "Hinglish"
# What a profile must reach, and what it aims at.
BOUNDS = {
    TYPING: ("edit .70, types .20, text .53", "edit .60, types .12"),
    TEXTING: ("types .30", "types .15"),
    DICTATED: ("text .60", "text .54"),
    HINGLISH: ("text .96", "text .88"),
}
OURS, NOTHING, REAL = "Roadworthy", "nothing", "real against real"

# Learns of the pairs of one half, if it learns, and makes noise in its clean messages.
Simulate = Callable[[Sequence[Pair], int], list[str]]


@dataclass
class Found:
    """What was measured, seed by seed."""

    text: list[float] = field(default_factory=list)
    edit: list[float] = field(default_factory=list)
    types: list[float] = field(default_factory=list)
    types_of_many: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)


def main() -> None:
    """Measure and print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, metavar="FILE")
    parser.add_argument("--edit-types", type=Path, metavar="FILE")
    parser.add_argument("--messages", type=Path, metavar="FILE")
    parser.add_argument("--hinglish", type=Path, metavar="FOLDER")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    seeds = range(options.seeds)
    columns = read_columns(options.pairs) if options.pairs else {}
    print(f"| {' | '.join(TITLES)} |\n| {' | '.join(['---'] * len(TITLES))} |")
    for noise, pairs in noisy_pairs(columns):
        for name, simulate in simulations(noise).items():
            print(judged(noise, name, partial(measure, pairs, simulate, seeds)), flush=True)
    if options.edit_types:
        wanted = read_types(options.edit_types)
        texts = read_columns(options.messages)["text"] if options.messages else support_desk.load_clean_test().texts
        for name, noise_of in {OURS: texted, **peers()}.items():
            print(judged(TEXTING, name, partial(measure_types, texts, noise_of, wanted, seeds)), flush=True)
    if options.hinglish:
        files = ["train.csv", "validation.csv"] if options.held_out else ["train.csv"]
        for name in files:
            read = read_columns(options.hinglish / name)
            pairs = list(zip(read["english"], read["hinglish"], strict=True))
            for by, simulate in hinglish_simulations().items():
                print(row(f"{HINGLISH}, {name}", by, measure(pairs, simulate, seeds)), flush=True)
        print("\n".join(realism_hinglish.lines(options.hinglish, files[-1])))


def judged(noise: str, by: str, measured: Callable[[], Found]) -> str:
    """A line of the table; a peer that breaks off says so in it."""
    try:
        return row(noise, by, measured())
    except BrokenPeerError as error:
        return f"| {noise} | {by} | breaks off: {error} |"


def read_columns(path: Path) -> dict[str, list[str]]:
    """The columns of a CSV file."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def read_types(path: Path) -> Counter[str]:
    """The types of edits of the first corpus, with their shares."""
    read = read_columns(path)
    corpus = read["corpus"][0]
    shares = zip(read["corpus"], read["edit_type"], read["share_of_edits_percent"], strict=True)
    return Counter({kind: float(share) for name, kind, share in shares if name == corpus})


def noisy_pairs(columns: Mapping[str, Sequence[str]]) -> Iterable[tuple[str, list[Pair]]]:
    """Each noise that a file of pairs holds, and its pairs."""
    for column, noise in (("noisy", TYPING), ("typed", TYPING), ("spoken", DICTATED)):
        if column in columns:
            yield noise, list(zip(columns["clean"], columns[column], strict=True))


def simulations(noise: str) -> dict[str, Simulate]:
    """Ours, the peers, and the ends of the scale."""
    found: dict[str, Simulate] = {REAL: lambda half, seed: [noisy for _, noisy in half], NOTHING: clean_texts}
    if noise == DICTATED:
        return {**found, OURS: lambda half, seed: [dictated(text, 3, _draw(DICTATED, seed, text)) for text, _ in half]}
    found[OURS] = typed
    return found | {name: _of_clean(noise_of) for name, noise_of in peers().items()}


def hinglish_simulations() -> dict[str, Simulate]:
    """Ours, and the ends of the scale: no peer makes Hinglish."""
    return {
        REAL: lambda half, seed: [noisy for _, noisy in half],
        NOTHING: clean_texts,
        OURS: lambda half, seed: [realism_hinglish.simulated(text, seed) for text, _ in half],
    }


def clean_texts(half: Sequence[Pair], seed: int) -> list[str]:
    """The messages as they were meant."""
    return [clean for clean, _ in half]


def typed(half: Sequence[Pair], seed: int) -> list[str]:
    """The clean messages with slips as the pairs have them."""
    return Profile.learn_pairs(half)([clean for clean, _ in half], seed=seed)


def texted(texts: Sequence[str], seed: int) -> list[str]:
    """Messages as people text them."""
    return [text_like(text, _draw(TEXTING, seed, text)) for text in texts]


def _draw(name: str, seed: int, text: str) -> Draw:
    return Draw(name, 3, seed, text)


def _of_clean(noise_of: Noise) -> Simulate:
    return lambda half, seed: noise_of([clean for clean, _ in half], seed)


def measure(pairs: Sequence[Pair], simulate: Simulate, seeds: Iterable[int]) -> Found:
    """Judge simulated noise of one half against what people wrote in the other."""
    found = Found()
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(len(pairs))
        middle = len(pairs) // 2
        own, real = ([pairs[i] for i in rows] for rows in (order[:middle], order[middle:]))
        clean, came = [clean for clean, _ in own], both_spaced(real)
        made = [both_spaced(zip(clean, simulate(own, each), strict=True)) for each in _draws(seed)]
        found.text.append(text_auc([noisy for _, noisy in came], [noisy for _, noisy in made[0]], seed=seed))
        found.edit.append(edit_auc(all_edits(came), all_edits(made[0]), seed=seed))
        _count(found, types_of(came), made)
    return found


def measure_types(texts: Sequence[str], noise_of: Noise, wanted: Counter[str], seeds: Iterable[int]) -> Found:
    """Hold the types of edits of simulated noise against shares."""
    found = Found()
    for seed in seeds:
        _count(found, wanted, [both_spaced(zip(texts, noise_of(texts, each), strict=True)) for each in _draws(seed)])
    return found


def _draws(seed: int) -> range:
    """The seeds of noise that is made TIMES times: no two seeds share one."""
    return range(seed * TIMES, (seed + 1) * TIMES)


def _count(found: Found, wanted: Counter[str], made: Sequence[Sequence[Pair]]) -> None:
    types = [types_of(pairs) for pairs in made]
    found.types.append(type_distance(wanted, types[0]))
    found.types_of_many.append(type_distance(wanted, sum(types, Counter())))
    found.rate.append(edits_per_100(made[0]))


def both_spaced(pairs: Iterable[Pair]) -> list[Pair]:
    """Messages as they were meant and as they came, both spaced alike."""
    return [(spaced(clean), spaced(noisy)) for clean, noisy in pairs]


def all_edits(pairs: Iterable[Pair]) -> list[Pair]:
    """What was changed in any of the messages."""
    return [edit for pair in pairs for edit in edits(*pair)]


def types_of(pairs: Iterable[Pair]) -> Counter[str]:
    """How many edits there are of each type."""
    return Counter(kind for edit in all_edits(pairs) if (kind := edit_type(*edit)) is not None)


def row(noise: str, by: str, found: Found) -> str:
    """A line of the table."""
    must, aim = BOUNDS[noise.split(",")[0]]
    figures = [
        _figure(found.text),
        _figure(found.edit),
        _figure(found.types),
        _figure(found.types_of_many),
        f"{mean(found.rate):.1f}",
    ]
    return f"| {' | '.join([noise, by, *figures, must, aim])} |"


def _figure(values: Sequence[float]) -> str:
    """The mean; a dash where nothing could be measured."""
    known = [value for value in values if not np.isnan(value)]
    return f"{mean(known):.3f}" if known else "–"


if __name__ == "__main__":
    main()
