import json
import sys
from pathlib import Path

import numpy as np
import pytest

from roadworthy import support_desk, train_hardened
from roadworthy.errors import ModelError
from roadworthy.reproduce.answers import write_answers
from roadworthy.reproduce.proof import TOLERANCE, ask_both, compare_answers, probes


def answers(probabilities, classes=("x", "y"), flagged=False):
    return {
        "classes": np.array(classes),
        "probabilities": np.array(probabilities, dtype=float),
        "flagged": np.full(len(probabilities), flagged),
    }


def test_a_model_equals_itself():
    assert compare_answers(answers([[0.4, 0.6]]), answers([[0.4, 0.6]])).equal


def test_a_millionth_is_let_pass_and_more_is_not():
    near, far = ([[0.4 + by, 0.6 - by]] for by in (TOLERANCE / 2, TOLERANCE * 2))
    assert compare_answers(answers([[0.4, 0.6]]), answers(near)).equal
    proof = compare_answers(answers([[0.4, 0.6]]), answers(far))
    assert not proof.equal
    assert proof.labels_differ == 0


def test_another_label_another_verdict_and_other_classes_differ():
    one = answers([[0.5 - 1e-8, 0.5 + 1e-8]])
    label = compare_answers(one, answers([[0.5 + 1e-8, 0.5 - 1e-8]]))
    verdict = compare_answers(one, answers([[0.5 - 1e-8, 0.5 + 1e-8]], flagged=True))
    assert (label.labels_differ, label.equal) == (1, False)
    assert (verdict.verdicts_differ, verdict.equal) == (1, False)
    other = compare_answers(one, answers([[0.5 - 1e-8, 0.5 + 1e-8]], classes=("x", "z")))
    assert other.largest_difference is None
    assert not other.equal


def test_probes_are_fixed_and_none_is_blank():
    assert probes() == probes()
    assert all(text.strip() for text in probes())
    assert len(set(probes())) > 1000


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("artifact") / "model"
    train_hardened(support_desk.load_train().sample(60)).save(folder)
    return folder


def test_answers_are_written_in_full(artifact, tmp_path):
    (tmp_path / "texts.json").write_text(json.dumps(["where is it", "qwrtz zxcv"]))
    write_answers(str(artifact), tmp_path / "texts.json", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        assert found["probabilities"].shape == (2, len(found["classes"]))
        assert np.allclose(found["probabilities"].sum(axis=1), 1)
        assert found["flagged"].tolist()[1]
        assert not np.isnan(found["familiarity"]).any()


def test_a_model_without_a_guard_flags_nothing(project, tmp_path):
    (tmp_path / "texts.json").write_text(json.dumps(["a parcel"]))
    write_answers("pickles:model/vectorizer.pkl,model/model.pkl", tmp_path / "texts.json", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        assert found["flagged"].tolist() == [False]


def test_models_are_asked_in_a_process_of_their_own(artifact, tmp_path):
    proof = ask_both(Path(sys.executable), [str(artifact), str(artifact)], ["where is it"], tmp_path)
    assert proof.equal
    assert proof.n == 1


def test_a_model_that_cannot_be_asked_is_told(tmp_path):
    with pytest.raises(ModelError, match="cannot be asked in the run's environment"):
        ask_both(Path(sys.executable), ["nothing"], ["where is it"], tmp_path)
