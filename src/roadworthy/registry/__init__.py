"""Release: which version of a model is deployed, which one was, and who decided it, kept in MLflow's registry.

Two aliases say what is what: `champion` is deployed, `challenger` waits for its inspection. The champion moves by one
call of the store. A journal, in tags of the registered model, says of each move when, by whom, on which inspection and
with which reason; an interrupted move is finished or undone by the next command. A lease, in tags as well, keeps two
people from moving the champion at the same time.
"""

from roadworthy.registry.deployed import Deployment, deployed, history
from roadworthy.registry.journal import Entry
from roadworthy.registry.register import register, require_name
from roadworthy.registry.release import Promotion, promote, rollback, try_promotion
from roadworthy.registry.times import Asked, asked_time

__all__ = [
    "Asked",
    "Deployment",
    "Entry",
    "Promotion",
    "asked_time",
    "deployed",
    "history",
    "promote",
    "register",
    "require_name",
    "rollback",
    "try_promotion",
]
