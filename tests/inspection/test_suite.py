import pytest

from roadworthy.errors import PerturbationError
from roadworthy.inspection import Suite, find_suite
from roadworthy.perturbations import families


@pytest.mark.parametrize(("name", "severities"), [("quick", (3,)), ("standard", (1, 3, 5)), ("full", (1, 2, 3, 4, 5))])
def test_named_suites_try_every_family(name, severities):
    suite = find_suite(name)
    assert (suite.name, suite.severities, suite.families) == (name, severities, tuple(families()))
    assert len(suite.versions) == len(families()) * len(severities)


def test_a_suite_is_taken_as_it_is():
    suite = Suite("mine", ("typos", "shorthand"), (2, 4))
    assert find_suite(suite) is suite
    assert suite.versions == [("typos", 2), ("typos", 4), ("shorthand", 2), ("shorthand", 4)]


@pytest.mark.parametrize(("severities", "judged"), [((1, 3, 5), 3), ((1, 2), 2), ((2, 4), 2), ((5,), 5), ((5, 4), 4)])
def test_the_judged_severity_is_three_or_the_nearest(severities, judged):
    assert Suite("mine", ("typos",), severities).judged == judged


@pytest.mark.parametrize(
    ("chosen", "severities", "said"),
    [
        ((), (3,), "suite mine: no family or no severity"),
        (("typos",), (), "suite mine: no family or no severity"),
        (("typoes",), (3,), "no perturbation or family 'typoes'"),
        (("typos",), (6,), "severity 6"),
        (("typos",), (True,), "severity True"),
        (("typos", "typos"), (3,), "suite mine: something is named twice"),
        (("typos",), (3, 3), "suite mine: something is named twice"),
    ],
)
def test_a_suite_that_makes_no_sense_is_refused(chosen, severities, said):
    with pytest.raises(PerturbationError, match=said):
        Suite("mine", chosen, severities)


def test_a_suite_is_read_from_toml(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('families = ["typos", "run_on"]\nseverities = [2]\n')
    assert find_suite(file) == find_suite(str(file)) == Suite("mine", ("typos", "run_on"), (2,))


def test_what_a_toml_suite_leaves_out_is_the_standard(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("")
    assert find_suite(file) == Suite("mine", tuple(families()), (1, 3, 5))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"families = ", "not TOML"),
        (b"\xff", "not TOML"),
        (b'families = "typos"', "not a suite"),
        (b"families = [1]", "not a suite"),
        (b"severities = [1.5]", "not a suite"),
        (b'family = ["typos"]', "not a suite"),
        (b"families = []", "no family or no severity"),
        (b"severities = [9]", "severity 9"),
    ],
)
def test_a_broken_toml_suite_is_named(tmp_path, document, said):
    file = tmp_path / "mine.toml"
    file.write_bytes(document)
    with pytest.raises(PerturbationError, match=said):
        find_suite(file)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("slow", "no suite 'slow'; use one of quick, standard, full, or a .toml file"),
        ("gone.toml", "gone.toml: no such file"),
    ],
)
def test_an_unknown_suite_is_named(name, said):
    with pytest.raises(PerturbationError, match=said):
        find_suite(name)
