"""Will your text classifier survive real users?

The names below are the public interface; each is imported when it is first used, so that ``import roadworthy`` costs
next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roadworthy import support_desk
    from roadworthy.comparison import Comparison, compare_models
    from roadworthy.data import BlackBox, Classifier, Dataset, Predictions, read_dataset
    from roadworthy.errors import RoadworthyError
    from roadworthy.gate import Decision, Gate, decide, read_gate
    from roadworthy.guard import Guard
    from roadworthy.inspection import Inspection, Suite, inspect
    from roadworthy.models import load_model
    from roadworthy.models.artifact import Artifact, load_artifact
    from roadworthy.models.encoder import load_encoder
    from roadworthy.models.guarded import GuardedModel
    from roadworthy.models.hardened import HardenedClassifier
    from roadworthy.perturbations import Draw, Perturbation, families, perturb, perturbation
    from roadworthy.perturbations.profile import Profile
    from roadworthy.report import write_report
    from roadworthy.training.hardened import train_hardened
    from roadworthy.training.wrap import wrap

_HOMES = {
    "Artifact": "models.artifact",
    "BlackBox": "data",
    "Classifier": "data",
    "Comparison": "comparison",
    "Dataset": "data",
    "Decision": "gate",
    "Draw": "perturbations",
    "Gate": "gate",
    "Guard": "guard",
    "GuardedModel": "models.guarded",
    "HardenedClassifier": "models.hardened",
    "Inspection": "inspection",
    "Perturbation": "perturbations",
    "Predictions": "data",
    "Profile": "perturbations.profile",
    "RoadworthyError": "errors",
    "Suite": "inspection",
    "compare_models": "comparison",
    "decide": "gate",
    "families": "perturbations",
    "inspect": "inspection",
    "load_artifact": "models.artifact",
    "load_encoder": "models.encoder",
    "load_model": "models",
    "perturb": "perturbations",
    "perturbation": "perturbations",
    "read_dataset": "data",
    "read_gate": "gate",
    "support_desk": "",
    "train_hardened": "training.hardened",
    "wrap": "training.wrap",
    "write_report": "report",
}

__all__ = [
    "Artifact",
    "BlackBox",
    "Classifier",
    "Comparison",
    "Dataset",
    "Decision",
    "Draw",
    "Gate",
    "Guard",
    "GuardedModel",
    "HardenedClassifier",
    "Inspection",
    "Perturbation",
    "Predictions",
    "Profile",
    "RoadworthyError",
    "Suite",
    "compare_models",
    "decide",
    "families",
    "inspect",
    "load_artifact",
    "load_encoder",
    "load_model",
    "perturb",
    "perturbation",
    "read_dataset",
    "read_gate",
    "support_desk",
    "train_hardened",
    "wrap",
    "write_report",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not home:
        return import_module(f"{__name__}.{name}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
