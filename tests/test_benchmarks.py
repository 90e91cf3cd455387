"""The benchmarks on a few messages: their figures against ones worked out by hand, and that they read what they say."""

import csv
import importlib
import sys
from math import sqrt
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from roadworthy import support_desk
from roadworthy.data import Dataset
from roadworthy.features import text_features
from roadworthy.guard import FLAG_RATE
from roadworthy.training.hardened import train_hardened
from roadworthy.training.notebook import train_notebook

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data"
NAMES = ("choices", "guard_rate", "one_message", "training_cost")
FEW = support_desk.load_train().take(range(0, 560, 5))

needs_real = pytest.mark.skipif(not (REAL / "clinc150").is_dir(), reason="the real data are not beside this checkout")


@pytest.fixture(scope="module")
def benchmarks():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in NAMES})
        for name in NAMES:
            sys.modules.pop(name)


@pytest.fixture(scope="module")
def hardened():
    return train_hardened(FEW)


def run(module, monkeypatch, capsys, *arguments):
    """The lines that a benchmark prints."""
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
    module.main()
    return capsys.readouterr().out.splitlines()


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])


# guard_rate


def measured(benchmarks, rate, shares):
    return benchmarks.guard_rate.Measured(rate, calibrated=100, asked=50, shares=shares)


def test_the_share_flagged_has_the_t_interval_of_its_splits(benchmarks):
    # Deviations of 0.1 and 0.1 from 0.2 in three splits: s = 0.1, and t is 4.303 at two degrees of freedom.
    value, low, high = measured(benchmarks, 0.1, [0.1, 0.2, 0.3]).mean
    assert (value, high - value) == pytest.approx((0.2, min(0.8, 4.3027 * 0.1 / sqrt(3))), abs=1e-4)
    assert low == 0.0


def test_the_error_of_one_split_is_that_of_two_samples(benchmarks):
    assert measured(benchmarks, 0.1, []).error == pytest.approx(1.96 * sqrt(0.09 * (0.01 + 0.02)))


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ([0.09, 0.10, 0.11], "as stated"),
        ([0.05, 0.051, 0.052], "fewer, within one split's error"),
        ([0.18, 0.181, 0.182], "more, within one split's error"),
        ([0.0, 0.001, 0.002], "fewer, within one split's error"),
        ([0.30, 0.301, 0.302], "more"),
    ],
)
def test_the_verdict_names_the_side(benchmarks, shares, verdict):
    assert measured(benchmarks, 0.1, shares).verdict == verdict


def test_a_split_is_two_thirds_and_one_third_and_its_seed_decides(benchmarks):
    split = benchmarks.guard_rate.split
    train, test = split(FEW, 0)
    assert (len(train), len(test)) == (74, 38)
    assert sorted(train.texts + test.texts) == sorted(FEW.texts)
    assert split(FEW, 0) == (train, test) != split(FEW, 1)
    many = Dataset.of([f"message {n}" for n in range(6_000)], ["a", "b"] * 3_000)
    assert [len(part) for part in split(many, 0)] == [3_000, 1_500]


@pytest.mark.slow
def test_the_guard_of_each_rate_is_the_one_that_training_with_that_rate_gives(benchmarks, hardened):
    found = {rate: guarded.guard for rate, guarded, _ in benchmarks.guard_rate.hardened(FEW, 0)}
    assert tuple(found) == benchmarks.guard_rate.RATES
    own, its = found[FLAG_RATE], hardened.model.guard
    assert own.settings() == its.settings()
    assert {name: array.tobytes() for name, array in own.arrays().items()} == {
        name: array.tobytes() for name, array in its.arrays().items()
    }
    thresholds = [guard.threshold_ for guard in found.values()]
    assert thresholds == sorted(set(thresholds))


def test_the_notebook_s_guard_learns_from_the_other_half_or_from_the_same_messages(benchmarks, monkeypatch):
    module, told = benchmarks.guard_rate, []

    def wrap(pipeline, messages, *, flag_rate, seed):
        told.append((pipeline.steps[1][1].n_iter_ is not None, messages.texts, flag_rate, seed))
        return SimpleNamespace(artifact=SimpleNamespace(model="guarded"), seen=True)

    monkeypatch.setattr(module, "wrap", wrap)
    monkeypatch.setattr(module, "train_notebook", kept := Kept(train_notebook))
    assert [found[1:] for found in module.notebook_held_out(FEW, 3)] == [("guarded", True)] * 4
    (half,) = kept.asked
    assert half.texts + told[0][1] == FEW.texts
    assert [(rate, seed) for _, _, rate, seed in told] == [(rate, 3) for rate in module.RATES]
    assert len(list(module.notebook_seen(FEW, 3))) == 4
    assert kept.asked[1].texts == told[-1][1] == FEW.texts


class Kept:
    def __init__(self, function):
        self.function, self.asked = function, []

    def __call__(self, data):
        self.asked.append(data)
        return self.function(data)


def test_the_table_of_guard_rates(benchmarks, monkeypatch, capsys, tmp_path):
    module = benchmarks.guard_rate
    rows = list(zip(FEW.texts, FEW.labels, strict=True))
    write(tmp_path / "hint3_sofmattress" / "train.csv", rows)
    write(tmp_path / "clinc150" / "train.csv", rows)
    write(tmp_path / "clinc150" / "val.csv", [("what is the meaning of life", "oos"), ("my parcel", "order_status")])
    sets = dict(module.message_sets(tmp_path))
    assert [(name, len(data)) for name, data in sets.items()] == [
        ("support_desk", 560),
        ("SOFMattress", 112),
        ("CLINC150", 113),
    ]
    assert "oos" not in sets["CLINC150"].classes

    def guards(train, seed):
        answer = lambda texts: SimpleNamespace(flagged=np.arange(len(texts)) < 4 + seed)  # noqa: E731
        yield 0.1, SimpleNamespace(guard=SimpleNamespace(calibrated_on_=len(train)), answer=answer), seed == 1

    monkeypatch.setattr(module, "RATES", (0.1,))
    monkeypatch.setattr(module, "MODELS", {"hardened": guards, "notebook": guards})
    monkeypatch.setattr(module, "message_sets", lambda _: [("few", FEW)])
    lines = run(module, monkeypatch, capsys, "--data", tmp_path, "--splits", 2)
    assert len(lines) == 4
    assert lines[2].startswith(
        "| few | hardened | 10% | 11.8% (0.0% to 28.6%) | 10.5% | 13.2% | – | 74, 38 | ± 11.7% |"
    )
    assert "| 1 of 2 | 74, 38 |" in lines[3]


# one_message


@pytest.fixture(scope="module")
def contenders(benchmarks, hardened):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmarks.one_message, "train_hardened", lambda data: hardened)
        return benchmarks.one_message.contenders(FEW)


def test_the_contenders_agree_on_what_they_answer(benchmarks, contenders):
    module, asked = benchmarks.one_message, contenders
    text = "where is my parcel"
    answer = asked[module.OURS](text)
    own = asked[module.PROBABILITIES](text)
    assert answer.confidence == own.max()
    assert np.allclose(own, asked["scikit-learn, same features"](text), atol=1e-9)
    assert np.allclose(asked["notebook"](text), asked["notebook compiled"](text), atol=1e-9)
    assert asked["scikit-learn, stock analyzers"](text).shape == (1, 10)
    assert asked[module.FEATURES](text).columns.size > 0


def test_every_round_asks_everybody_everything(benchmarks, monkeypatch):
    module, asked = benchmarks.one_message, []
    seconds = iter(range(100))
    monkeypatch.setattr(module.time, "process_time", lambda: next(seconds))

    def ask(name):
        def one(text):
            asked.append((name, text))

        return one

    found = module.measure({"a": ask("a"), "b": ask("b")}, ["x y", "z"], rounds=2)
    assert asked == [("a", "x y"), ("a", "z"), ("b", "x y"), ("b", "z")] * 3
    assert found == {"a": [500_000.0] * 2, "b": [500_000.0] * 2}


def test_what_the_parts_of_ours_cost_is_what_each_adds(benchmarks):
    module = benchmarks.one_message
    found = {module.OURS: [70, 50, 60], module.FEATURES: [20, 30, 40], module.PROBABILITIES: [45], "other": [120]}
    assert module.rows("few", found) == [
        f"| few | {module.OURS} | 60.0 | 50.0 to 70.0 | 1.00 |",
        f"| few | {module.FEATURES} | 30.0 | 20.0 to 40.0 | 0.50 |",
        f"| few | {module.PROBABILITIES} | 45.0 | 45.0 to 45.0 | 0.75 |",
        "| few | other | 120.0 | 120.0 to 120.0 | 2.00 |",
        "| few | of ours: features | 30.0 | | 0.50 |",
        "| few | of ours: linear | 15.0 | | 0.25 |",
        "| few | of ours: guard and answer | 15.0 | | 0.25 |",
    ]


def test_the_table_of_one_message(benchmarks, contenders, monkeypatch, capsys):
    module = benchmarks.one_message
    (name, train, asked), *more = module.message_sets(None)
    assert (name, len(train), len(asked), more) == ("support_desk", 560, 1_100, [])
    monkeypatch.setattr(module, "message_sets", lambda _: [("few", FEW, FEW)])
    monkeypatch.setattr(module, "contenders", lambda train: contenders)
    lines = run(module, monkeypatch, capsys, "--rounds", 1)
    assert len(lines) == 2 + 7 + 3
    assert all(line.startswith("| few |") for line in lines[2:])


@needs_real
def test_clinc150_is_asked_its_validation_messages(benchmarks):
    name, train, asked = list(benchmarks.one_message.message_sets(REAL))[1]
    assert (name, len(train), len(asked)) == ("CLINC150", 15_000, 3_100)


# choices


@pytest.fixture
def bots(tmp_path):
    """Training messages of three chatbots, and test files that nobody can read."""
    intents = [FEW.classes[start : start + 5] for start in (0, 3, 5)]
    places = ("hint3_sofmattress/train.csv", "hint3_train_only/curekart.csv", "hint3_train_only/powerplay11.csv")
    for place, some in zip(places, intents, strict=True):
        write(tmp_path / place, [row for row in zip(FEW.texts, FEW.labels, strict=True) if row[1] in some])
    for folder in ("hint3_sofmattress", "clinc150"):
        (tmp_path / folder / "test.csv").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def few_choices(benchmarks, monkeypatch):
    monkeypatch.setattr(benchmarks.choices, "CAPS", (16, 1_000))
    monkeypatch.setattr(benchmarks.choices, "PARTS", 2)


@pytest.mark.slow
@pytest.mark.usefixtures("few_choices")
def test_the_choices_are_shown_without_any_test_file(benchmarks, bots, monkeypatch, capsys):
    lines = run(benchmarks.choices, monkeypatch, capsys, "--data", bots, "--repeats", 1)
    chosen = [line for line in lines if line.startswith("| **chosen**")]
    assert [line.count("**+0.0000 (+0.0000 to +0.0000)**") for line in chosen] == [2, 0]
    end = lines.index("")
    assert all(line.count("|") == 9 for line in lines[:end])
    assert all(line.count("|") == 7 for line in lines[end + 1 :])
    assert not any("meaning" in line for line in lines)


def test_nothing_that_chooses_names_a_test_file(benchmarks):
    for name in ("choices", "guard_rate", "training_cost", "one_message"):
        source = Path(getattr(benchmarks, name).__file__).read_text(encoding="utf-8")
        assert "test.csv" not in source
        assert "field_exam" not in source


@needs_real
def test_only_training_messages_of_chatbots_are_read(benchmarks, monkeypatch):
    opened = []
    monkeypatch.setattr(benchmarks.choices, "read_labelled", opened.append)
    assert list(benchmarks.choices.read_bots(REAL)) == ["sofmattress", "curekart", "powerplay11"]
    assert [path.relative_to(REAL).as_posix() for path in opened] == [
        "hint3_sofmattress/train.csv",
        "hint3_train_only/curekart.csv",
        "hint3_train_only/powerplay11.csv",
    ]


def test_the_variants_of_features_are_what_they_are_called(benchmarks):
    module = benchmarks.choices
    text = "Where r u?? pls, soooo late"
    found = {name: features.fit(FEW.texts) for name, features in module.variants(len(FEW), None).items()}
    own = text_features(len(FEW)).fit(FEW.texts)
    assert abs(found[module.CHOSEN].transform([text]) - own.transform([text])).max() == 0
    same = module.text_features(len(FEW))
    same[-1].set_params(words=module._words(2), characters=module._pieces(2, 4))
    assert abs(same.fit(FEW.texts).transform([text]) - own.transform([text])).max() < 1e-12
    assert found["no words"][-1].transform([text]).shape[1] < own[-1].transform([text]).shape[1]
    assert found["words weigh 1"][-1].transformer_weights == {"words": 1.0, "characters": 1.0}


class Letters:
    """An encoder that counts a few letters."""

    name, dimension = "letters", 4

    def encode(self, texts):
        counts = np.array([[1 + text.count(letter) for letter in "aeio"] for text in texts], dtype=float)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.mark.usefixtures("few_choices")
def test_with_an_encoder_the_weights_of_its_embedding_are_compared_too(benchmarks, bots, monkeypatch, capsys):
    module = benchmarks.choices
    monkeypatch.setattr(module, "load_encoder", lambda spec: Letters())
    monkeypatch.setattr(module, "cross_validated", lambda *_: np.array([[0.5, 0.25]]))
    lines = run(module, monkeypatch, capsys, "--data", bots, "--repeats", 1, "--encoder", "letters")
    assert "| meaning weighs 3 | 0.500 | 0.500 | 0.500 | 0.5000 | " in "\n".join(lines)
    assert any(line.startswith("| meaning alone | 16 |") for line in lines)


def test_accuracy_in_cross_validation_is_of_messages_as_they_are_and_perturbed(benchmarks):
    class Known:
        """Features by which a message is told only as long as it is spelt as it was."""

        def fit(self, texts, labels=None):
            return self

        def transform(self, texts):
            return np.array([[int(label == intent) for intent in FEW.classes] for label in map(by_text.get, texts)])

        fit_transform = lambda self, texts, labels=None: self.transform(texts)  # noqa: E731

    by_text = dict(zip(FEW.texts, FEW.labels, strict=True))
    found = benchmarks.choices.cross_validated(Known(), FEW, 2)
    assert found.shape == (2, 2)
    assert (found[:, 0] == 1).all()
    assert (found[:, 1] < 1).all()


def test_near_far_and_trust_worked_out_by_hand(benchmarks):
    module = benchmarks.choices
    nothing = np.zeros(5)
    told = module.Told(
        np.array([0, 1, module.NEAR, module.FAR, 1]), np.array([0, 0, 0, 1, 1]), *[nothing] * 7, nothing > 0
    )
    # Inside 0.9, 0.3 and 0.7; near 0.5; far 0.1; right 0.9 and 0.7.
    near, far, trust = told.aurocs(np.array([0.9, 0.3, 0.5, 0.1, 0.7]))
    assert (near, far, trust) == (2 / 3, 1.0, 1.0)


def test_right_answers_kept_worked_out_by_hand(benchmarks):
    module = benchmarks.choices
    nothing, perturbed = np.zeros(6), np.array([False, False, False, True, True, True])
    told = module.Told(np.array([0, 1, module.FAR, 0, 1, 1]), np.array([0, 0, 0, 0, 1, 0]), *[nothing] * 7, perturbed)
    # Of the clean ones of known classes, 0.5 and 0.6, a tenth falls below 0.51; of the right perturbed ones half.
    assert told.kept(np.array([0.5, 0.6, 0.0, 0.55, 0.4, 0.9])) == 0.5


def test_familiarity_as_chosen_ranks_as_the_package_does(benchmarks):
    module = benchmarks.choices
    others = ["who won the match yesterday", "a recipe for soup", "hello"]
    folds = module.without_some_classes(FEW, others, None, 0)
    assert len(folds) == module.PARTS
    inside = sum(label not in left_out(FEW) for label in FEW.labels)
    assert sum(int((fold[16].truth >= 0).sum()) for fold in folds) == 2 * inside
    assert sum(int(fold[16].perturbed.sum()) for fold in folds) == inside
    for told in (fold[16] for fold in folds):
        assert (told.truth == module.FAR).sum() == 3
        assert (told.truth == module.NEAR).sum() == sum(label in left_out(FEW) for label in FEW.labels)
        assert np.allclose(told.familiarity, (told.similarity * told.known + told.certainty) / 2)
        assert np.isnan(told.meaning).all()


def left_out(data):
    """The quarter of the classes that the first draw leaves out."""
    return set(np.random.default_rng(0).choice(data.classes, len(data.classes) // 4, replace=False))


# training_cost


def test_training_is_timed_and_the_artifact_weighed(benchmarks, hardened, monkeypatch, tmp_path):
    module = benchmarks.training_cost
    monkeypatch.setattr(module, "train_hardened", lambda data: hardened)
    cost = module.measure(FEW)
    folder = hardened.save(tmp_path / "model")
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    assert cost.megabytes_on_disk == pytest.approx(size, rel=0.02)
    assert cost.megabytes_in_memory > 50
    assert 0 <= cost.cpu_seconds < 10


def test_the_table_of_training_costs(benchmarks, monkeypatch, capsys, tmp_path):
    module = benchmarks.training_cost
    rows = list(zip(FEW.texts, FEW.labels, strict=True))
    write(tmp_path / "hint3_train_only" / "curekart.csv", rows)
    write(tmp_path / "clinc150" / "train.csv", rows)
    monkeypatch.setattr(module, "measure", lambda data: module.Cost(1.25, 1.04, 2.5, 1_234.4))
    lines = run(module, monkeypatch, capsys, "--data", tmp_path)
    assert lines[2:] == [
        "| 112 (curekart.csv) | 10 | 1.2 (10) | 1.0 | 2.5 (60) | 1,234 |",
        "| 112 (train.csv) | 10 | 1.2 (180) | 1.0 | 2.5 (60) | 1,234 |",
    ]


@needs_real
def test_training_is_timed_on_600_and_15_000_messages(benchmarks):
    found = [(len(data), must) for data, must in benchmarks.training_cost.message_sets(REAL)]
    assert found == [(600, 10), (15_000, 180)]
