"""What noise costs: messages per CPU-second, by family, by single ones and by profile, and the peers' in the same run.

    python benchmarks/perturb_speed.py [--messages 5000] [--rounds 5] [--file MESSAGES [--longest WORDS]]

The messages are support_desk's (12 words each), repeated with a number at the end so that all differ, or those of a
file, perhaps only its short ones; no round holds one of another round. Each message is perturbed once at severity 3, on
one core. All are asked in turn, round after round, and the best round counts: what else the machine does only ever
makes one slower. What was in memory before is left out of the collection of garbage: how much Python, pandas and the
peers hold is not what noise costs.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from realism_peers import BrokenPeerError, peers
from roadworthy import support_desk
from roadworthy.data import read_dataset
from roadworthy.perturbations import families, perturb
from roadworthy.perturbations.profile import BUILT_IN, Profile
from roadworthy.perturbations.slips import Slips

# Families that must be the quicker ones.
QUICK = ("casing", "punctuation", "typos")
# Messages per CPU-second: must, aim.
BOUNDS = {True: (120_000, 200_000), False: (40_000, 80_000)}

Change = Callable[[Sequence[str]], object]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--file", type=Path, help="a file of messages, of which each is used once")
    parser.add_argument(
        "--longest", type=int, metavar="WORDS", help="of the file only messages of so many words at most"
    )
    options = parser.parse_args()
    rounds = list(rounds_of(options.messages, options.rounds, options.file, options.longest))
    words = sum(len(text.split()) for texts in rounds for text in texts) / sum(map(len, rounds))
    print(f"{len(rounds)} rounds of {len(rounds[0]):,} messages of {words:.1f} words each, severity 3\n")
    few = [texts[: max(1, options.messages // 10)] for texts in rounds]
    theirs = {name: partial(noise, seed=0) for name, noise in peers().items()}
    found = speeds({name: change for name, change, _ in ours()}, rounds) | speeds(theirs, few)
    print("| what | messages per CPU-second | must | aim |\n| --- | --- | --- | --- |")
    bounds = {name: BOUNDS[is_quick] for name, _, is_quick in ours()}
    for name, speed in found.items():
        must, aim = (f"{bound:,}" for bound in bounds[name]) if name in bounds else "––"
        print(f"| {name} | {speed if isinstance(speed, str) else f'{speed:,.0f}'} | {must} | {aim} |")


def rounds_of(n: int, rounds: int, file: Path | None, longest: int | None = None) -> Iterable[Sequence[str]]:
    """Up to so many rounds of n messages, all different."""
    if file is None:
        return (messages(n, start=i * n) for i in range(rounds))
    known = list(dict.fromkeys(read_dataset(file, needs_label=False).texts))
    known = [text for text in known if longest is None or len(text.split()) <= longest]
    n = min(n, len(known))
    return (known[i * n : (i + 1) * n] for i in range(min(rounds, len(known) // n)))


def messages(n: int, *, start: int = 0) -> list[str]:
    """So many short messages, no two alike; with another start by as much, others."""
    known = support_desk.load_train().texts
    return [f"{known[i % len(known)]} {i}" for i in range(start, start + n)]


def ours() -> Iterable[tuple[str, Change, bool]]:
    """Every family, its members and the built-in profiles: a name, what it does, and whether the higher bound holds."""
    for family, members in families().items():
        for name in (family, *(member.name for member in members)):
            label = f"**{name}**" if name == family else name
            yield label, partial(_perturbed, name=name), family in QUICK
    for name in BUILT_IN:
        yield f"profile: {name}", Profile.load(name), False
    learned = Slips.learn([("where is my order", "where is my oder"), ("what is the status", "what is teh status")] * 9)
    yield "profile: learned slips", Profile(name="learned", slips=learned.as_dict()), False


def _perturbed(texts: Sequence[str], name: str) -> list[str]:
    return perturb(texts, name, severity=3, seed=0)


def speeds(changes: Mapping[str, Change], rounds: Sequence[Sequence[str]]) -> dict[str, float | str]:
    """Messages per CPU-second of each in its best round, or why it broke off."""
    for change in changes.values():
        with suppress(BrokenPeerError):
            change(rounds[0][:50])
    gc.collect()
    gc.freeze()
    found: dict[str, float | str] = dict.fromkeys(changes, 0.0)
    for texts in rounds:
        for name, change in changes.items():
            before = found[name]
            if not isinstance(before, str):
                try:
                    found[name] = max(before, len(texts) / seconds(change, texts))
                except BrokenPeerError as error:
                    found[name] = f"breaks off: {error}"
    return found


def seconds(change: Change, texts: Sequence[str]) -> float:
    """What it takes of a processor."""
    begun = time.process_time()
    change(texts)
    return max(time.process_time() - begun, 1e-9)


if __name__ == "__main__":
    main()
