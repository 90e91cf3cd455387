"""One inspection: perturb, predict once, measure, judge; the result is a frozen summary."""

from roadworthy.inspection.plan import plan_texts
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
    "Histogram",
    "Inspection",
    "ModelCard",
    "Settings",
    "Sink",
    "Slice",
    "Suite",
    "find_suite",
    "inspect",
    "plan_texts",
]
