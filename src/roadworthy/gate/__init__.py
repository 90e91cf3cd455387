"""Gates: what a model must keep to be let through; what cannot be judged is not let through.

`Gate` says what is asked, `read_gate` reads it from a project's file, `decide` gives the `Decision`.
"""

from roadworthy.gate.bounds import Gate, gate_source, read_gate
from roadworthy.gate.deciding import decide, refused
from roadworthy.gate.decision import Decision, Evidence, Outcome, Refusal, Result, Unasked

__all__ = [
    "Decision",
    "Evidence",
    "Gate",
    "Outcome",
    "Refusal",
    "Result",
    "Unasked",
    "decide",
    "gate_source",
    "read_gate",
    "refused",
]
