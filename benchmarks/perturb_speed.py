"""What noise costs: messages per CPU-second, by family, by single ones and by profile, and the peers' in the same run.

    python benchmarks/perturb_speed.py [--messages 5000] [--rounds 3]

The messages are support_desk's, repeated with a number at the end so that all differ; each round perturbs every one
once at severity 3, on one core. The best round counts: what else the machine does only ever makes one slower.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from realism_peers import BrokenPeerError, peers
from roadworthy import support_desk
from roadworthy.perturbations import families, perturb
from roadworthy.perturbations.profile import Profile
from roadworthy.perturbations.slips import Slips

QUICK = ("casing", "punctuation", "typos")
# Messages per CPU-second: must, aim.
BOUNDS = {True: (120_000, 200_000), False: (40_000, 80_000)}

Change = Callable[[Sequence[str]], object]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    texts = messages(options.messages)
    print("| what | messages per CPU-second | must | aim |\n| --- | --- | --- | --- |")
    for name, change, is_quick in ours():
        must, aim = BOUNDS[is_quick]
        print(f"| {name} | {speed(change, texts, options.rounds):,.0f} | {must:,} | {aim:,} |", flush=True)
    few = texts[: max(1, len(texts) // 10)]
    for name, noise in peers().items():
        try:
            print(f"| {name} | {speed(partial(noise, seed=0), few, 1):,.0f} | – | – |", flush=True)
        except BrokenPeerError as error:
            print(f"| {name} | breaks off: {error} | – | – |", flush=True)


def messages(n: int) -> list[str]:
    """So many short messages, no two alike."""
    known = support_desk.load_train().texts
    return [f"{known[i % len(known)]} {i}" for i in range(n)]


def ours() -> Iterable[tuple[str, Change, bool]]:
    """Every family, its members and the built-in profiles: a name, what it does, and whether the higher bound holds."""
    for family, members in families().items():
        for name in (family, *(member.name for member in members)):
            label = f"**{name}**" if name == family else name
            yield label, partial(_perturbed, name=name), family in QUICK
    learned = Slips.learn([("where is my order", "where is my oder"), ("what is the status", "what is teh status")] * 9)
    yield "profile: learned slips", Profile(name="learned", slips=learned.as_dict()), False


def _perturbed(texts: Sequence[str], name: str) -> list[str]:
    return perturb(texts, name, severity=3, seed=0)


def speed(change: Change, texts: Sequence[str], rounds: int) -> float:
    """Messages per CPU-second in the best round."""
    change(texts[:50])
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        change(texts)
        taken.append(time.process_time() - begun)
    return len(texts) / max(min(taken), 1e-9)


if __name__ == "__main__":
    main()
