"""What the result of an inspection holds of the profile that wrote its messages."""

from __future__ import annotations

from roadworthy.inspection.figure import Figure, Frozen


class Habit(Frozen):
    """A way of writing: the share of messages that show it, of users, of clean messages, and of simulated ones."""

    name: str
    users: Figure
    clean: Figure
    simulated: Figure


class ProfileCard(Frozen):
    """Which profile wrote the messages; one that was learned is held against what it was learned from.

    `habits` compare the messages of its users with those of this inspection, clean and as the profile writes them at
    severity 3. `from_simulated` is the area under the curve of a classifier that tells messages of these users from
    simulated ones, `from_clean` from clean ones; 0.5 means that it cannot. `held_out` says whether the profile that was
    judged was learned from other messages.
    """

    name: str
    description: str = ""
    built_in: bool = False
    messages: int | None = None
    habits: tuple[Habit, ...] = ()
    from_simulated: Figure | None = None
    from_clean: Figure | None = None
    held_out: bool | None = None
