"""On messages that real users sent, `inspect` gives the figures that were measured by hand."""

from pathlib import Path

import pytest

from roadworthy import inspect
from roadworthy.data import read_dataset, read_labelled
from roadworthy.training.notebook import train_notebook

BOT = Path(__file__).parents[2] / "shared" / "data" / "hint3_sofmattress"


@pytest.mark.skipif(not BOT.is_dir(), reason="HINT3 is not beside this checkout")
def test_the_notebook_pipeline_on_sofmattress():
    train, real = read_labelled(BOT / "train.csv"), read_dataset(BOT / "test.csv")
    trained = train_notebook(train)
    found = inspect(trained.pipeline, train, real=real, train=train, oos_label="NO_NODES_DETECTED", suite="quick")
    group = found.group("real")
    assert round(found.group("clean").accuracy.value, 3) == 0.976
    assert (round(group.accuracy.value, 3), group.accuracy.n) == (0.567, 231)
    assert round(group.accuracy_all.value, 3) == 0.330
    assert (round(group.silent_failure_rate.value, 3), group.silent_failure_rate.n) == (0.670, 397)
    assert found.verdict == "fail"
    assert "clean_in_training" in {finding.code for finding in found.findings}
