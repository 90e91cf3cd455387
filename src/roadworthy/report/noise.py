"""The part of the report about a profile: what noise like that of its users costs, and how like them it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from roadworthy.errors import counted
from roadworthy.report.inert import clipped
from roadworthy.report.rows import LONGEST_MESSAGE, GroupRow, group_row
from roadworthy.report.wording import Cell, cell, name_words

if TYPE_CHECKING:
    from roadworthy.inspection.profile_card import Habit, ProfileCard
    from roadworthy.inspection.summary import Inspection

LONGEST_NAME = 60
WORDS = {
    "lowercase": "lower case only",
    "capitals": "capitals only",
    "no_final_mark": "no mark at end",
    "repeated_marks": "!! or ??",
    "dots": "dots...",
    "emoticon": "emoticon :)",
    "shorthand": "u, thx",
    "no_apostrophe": "dont, cant",
    "stretched": "sooo",
    "keywords": "keywords only",
    "slips": "mistyped words",
}


@dataclass(frozen=True)
class HabitRow:
    """A way of writing, and the share of messages that show it."""

    name: str
    users: Cell
    clean: Cell
    simulated: Cell


@dataclass(frozen=True)
class ToldRow:
    """From which messages a classifier tells those of users, and how well: an area under the curve."""

    name: str
    cell: Cell


@dataclass(frozen=True)
class Noise:
    """What the renderers print of a profile."""

    title: str
    intro: str
    rows: tuple[tuple[str, GroupRow], ...]
    habits: tuple[HabitRow, ...]
    told: tuple[ToldRow, ...]
    told_note: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why a severity did not pass, where no check tells it."""
        return tuple(f"severity {severity}: {reason}" for severity, row in self.rows for reason in row.reasons)


def noise_of(found: Inspection) -> Noise | None:
    """Summarise what the profile of an inspection did; None where it tried none."""
    card = found.profile
    rows = [(str(group.severity), group_row(group, found)) for group in found.groups if group.profile is not None]
    if card is None or not rows:
        return None
    return Noise(
        title="Noise like your users'"
        if is_learned(card)
        else f"Noise of the profile {clipped(name_words(card.name), LONGEST_NAME)}",
        intro=_intro(card),
        rows=tuple(rows),
        habits=tuple(_habit(habit) for habit in sorted(card.habits, key=lambda habit: -(habit.users.value or 0.0))),
        told=_told(card),
        told_note=_told_note(card),
    )


def is_learned(card: ProfileCard) -> bool:
    """Whether it was learned from messages, and holds what was seen of them."""
    return card.messages is not None


def _intro(card: ProfileCard) -> str:
    name, described = clipped(name_words(card.name), LONGEST_NAME), clipped(card.description, LONGEST_MESSAGE)
    if is_learned(card):
        return (
            f"The clean messages as your users would write them, by the profile {name}, {described}. At severity 3 "
            "everything comes as often as in their messages, as far as the clean ones allow. Only the noise is "
            "theirs, not what they ask about nor how they word it: this shows what noise alone costs, and no more."
        )
    own = " To learn one from your own users: roadworthy profile MESSAGES --clean TRAINING --out FILE."
    return (
        f"The clean messages as the profile {name} writes them{f' ({described})' if described else ''}; several kinds "
        f"of noise may meet in one message.{own if card.built_in else ''}"
    )


def _habit(habit: Habit) -> HabitRow:
    name = WORDS.get(habit.name, name_words(habit.name))
    return HabitRow(name, cell(habit.users), cell(habit.clean), cell(habit.simulated))


def _told(card: ProfileCard) -> tuple[ToldRow, ...]:
    if card.from_clean is None or card.from_simulated is None:
        return ()
    pairs = (("clean messages", card.from_clean), ("simulated messages", card.from_simulated))
    return tuple(ToldRow(name, cell(figure, "decimal")) for name, figure in pairs)


def _told_note(card: ProfileCard) -> str:
    if not is_learned(card):
        return ""
    if card.from_simulated is None:
        return (
            "How well a classifier can tell them apart is not known: the profile was learned without clean messages "
            "(roadworthy profile MESSAGES --clean FILE), and its users' messages are no longer where they were, or few."
        )
    how = (
        "judged on messages that it was not learned from"
        if card.held_out
        else "judged on the messages that it was learned from, as they are few, which flatters it"
    )
    return (
        f"How well a classifier tells messages of your users from others, when the profile was learned (area under the "
        f"curve, {counted(card.from_simulated.n, 'message')}): 0.5 means that it cannot, 1 that it always can. The "
        f"profile was {how}. What is left is noise that it does not make, and what users ask about and how they word "
        "it, which no noise changes."
    )
