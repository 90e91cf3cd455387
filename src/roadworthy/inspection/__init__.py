"""One inspection: perturb, predict once, measure, judge; the result is a frozen summary."""

from roadworthy.inspection.plan import plan_texts
from roadworthy.inspection.profile_card import Habit, ProfileCard
from roadworthy.inspection.run import inspect
from roadworthy.inspection.suite import Suite, find_suite
from roadworthy.inspection.summary import (
    Bound,
    Check,
    Confusion,
    Cost,
    DataCard,
    Example,
    Figure,
    Finding,
    Group,
    Histogram,
    Inspection,
    ModelCard,
    Settings,
    Sink,
    Slice,
)

__all__ = [
    "Bound",
    "Check",
    "Confusion",
    "Cost",
    "DataCard",
    "Example",
    "Figure",
    "Finding",
    "Group",
    "Habit",
    "Histogram",
    "Inspection",
    "ModelCard",
    "ProfileCard",
    "Settings",
    "Sink",
    "Slice",
    "Suite",
    "find_suite",
    "inspect",
    "plan_texts",
]
