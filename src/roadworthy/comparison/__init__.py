"""Two models on the same messages, and what differs between the runs that made them.

`compare_models` gives a `Comparison`, paired message by message; `read_run` and `changes_between` tell what changed.
"""

from roadworthy.comparison.compare import compare_models
from roadworthy.comparison.summary import Answered, Compared, ComparedSlice, Comparison, Shown

__all__ = [
    "Answered",
    "Compared",
    "ComparedSlice",
    "Comparison",
    "Shown",
    "compare_models",
]
