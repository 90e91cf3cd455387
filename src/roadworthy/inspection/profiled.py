"""What is told of the profile of an inspection: whose noise it is, and how like its users it writes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from roadworthy import metrics
from roadworthy.inspection.figure import Figure
from roadworthy.inspection.profile_card import Habit, ProfileCard
from roadworthy.perturbations.likeness import learn_and_judge
from roadworthy.perturbations.profile import BUILT_IN, FEWEST, Profile
from roadworthy.perturbations.surface import surface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from roadworthy.perturbations.evidence import Evidence, Likeness, Told

# At severity 3 everything comes as often as it was seen.
_AS_SEEN = 3


def card_of(profile: Profile, clean: Sequence[str], *, seed: int = 0) -> ProfileCard:
    """The card of a profile; one that was learned is held against its users, by what it makes of n clean messages.

    Where it was learned without clean messages, it is these that it starts from, and a classifier is asked now.

    Examples
    --------
    >>> card_of(Profile.load("texting"), ["Where is it?"]).built_in
    True
    """
    card = ProfileCard(
        name=profile.name,
        description=profile.description,
        built_in=profile.name in BUILT_IN and profile == Profile.load(profile.name),
    )
    evidence = profile.evidence
    if evidence is None:
        return card
    habits = _habits(evidence, clean, profile.beside(clean)(clean, severity=_AS_SEEN, seed=seed))
    likeness = evidence.likeness or _judged_now(evidence, clean)
    told = {} if likeness is None else _told(likeness)
    return card.model_copy(update={"messages": evidence.messages, "habits": habits, **told})


def _judged_now(evidence: Evidence, clean: Sequence[str]) -> Likeness | None:
    """How like its users a profile writes in these clean messages; None where its users' own are no longer there."""
    sent = None if evidence.source is None else evidence.source.read()
    if sent is None or min(len(sent), len(clean)) < FEWEST:
        return None
    judged = learn_and_judge(sent, clean=clean).evidence
    return None if judged is None else judged.likeness


def _habits(evidence: Evidence, clean: Sequence[str], simulated: Sequence[str]) -> tuple[Habit, ...]:
    """Every way of writing that users, clean or simulated messages show, in the order in which they are counted."""
    known = clean if evidence.clean else ()
    before, after = (asdict(surface(texts, known=known)) for texts in (clean, simulated))
    return tuple(
        Habit(
            name=name,
            users=_figure(evidence.shares[name], evidence.messages),
            clean=_figure(before[name], len(clean)),
            simulated=_figure(after[name], len(simulated)),
        )
        for name in before
        if name in evidence.shares and (evidence.shares[name] or before[name] or after[name])
    )


def _figure(share: float, n: int) -> Figure:
    return Figure.of(metrics.proportion(round(share * n), n), n)


def _told(likeness: Likeness) -> dict[str, object]:
    n = likeness.messages + likeness.others
    return {
        "from_simulated": _auc(likeness.simulated, n),
        "from_clean": _auc(likeness.clean, n),
        "held_out": likeness.held_out,
    }


def _auc(told: Told, n: int) -> Figure:
    return Figure(value=told.value, low=told.low, high=told.high, n=n)
