"""The same results in the same order, whatever runs the jobs."""

import importlib.util
import os
import subprocess
import sys

import pytest

from roadworthy import inspect, support_desk
from roadworthy.errors import EngineError, MissingExtraError, ModelError
from roadworthy.models import load_model
from roadworthy.parallel import find_engine, run_jobs
from roadworthy.training.notebook import train_notebook


@pytest.mark.parametrize("engine", ["local", "processes"])
def test_results_come_in_the_order_of_the_jobs(engine):
    seen = []
    jobs = ["a" * n for n in range(7)]
    assert run_jobs(len, jobs, engine=engine, progress=lambda *at: seen.append(at)) == list(range(7))
    assert seen == [(done, 7) for done in range(1, 8)]
    assert run_jobs(len, [], engine=engine) == []


@pytest.mark.parametrize("engine", ["local", "processes"])
def test_an_error_that_a_user_can_mend_comes_back_as_one_line(engine):
    with pytest.raises(ModelError, match="^absent.skops: no such file; check the path$"):
        run_jobs(load_model, ["absent.skops"], engine=engine)


def test_a_function_that_cannot_be_sent_is_refused():
    with pytest.raises(EngineError, match="cannot be sent to other processes.*--engine local"):
        run_jobs(lambda n: n, [1], engine="processes")


def test_a_worker_that_dies_is_said():
    with pytest.raises(EngineError, match="a worker process died"):
        run_jobs(os._exit, [3], engine="processes")


def test_an_unknown_engine_is_named():
    with pytest.raises(EngineError, match="no engine 'spark'; use one of local, processes, ray"):
        find_engine("spark")


def test_ray_without_its_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"roadworthy\[ray\]"):
        run_jobs(len, ["a"], engine="ray")


def test_worker_processes_give_the_same_inspection():
    trained = train_notebook(support_desk.load_train())
    clean = support_desk.load_clean_test().sample(40)
    one = inspect(trained.pipeline, clean, suite="quick")
    other = inspect(trained.pipeline, clean, suite="quick", engine="processes")
    assert (one.groups, one.examples, one.checks) == (other.groups, other.examples, other.checks)


RAY = """
from roadworthy import inspect, support_desk
from roadworthy.training.notebook import train_notebook
pipeline, clean = train_notebook(support_desk.load_train()).pipeline, support_desk.load_clean_test().sample(40)
one, other = (inspect(pipeline, clean, suite="quick", engine=engine) for engine in ("local", "ray"))
print(one.groups == other.groups and one.examples == other.examples)
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra ray is not installed")
def test_ray_gives_the_same_inspection(tmp_path):
    finished = subprocess.run([sys.executable, "-c", RAY], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert finished.stdout.split() == ["True"], finished.stderr
