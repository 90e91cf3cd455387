"""`roadworthy profile`, and `roadworthy perturb --profile`: learn how users write, and write like them."""

import json
from pathlib import Path

import pandas as pd
import pytest

from roadworthy import Profile, support_desk
from roadworthy.tables import read_frame

from .conftest import Run

MESSAGE = "Where is my order, please?"


@pytest.fixture
def messages(folder: Path) -> Path:
    pd.DataFrame({"message": support_desk.load_real_style().texts}).to_csv(folder / "production.csv", index=False)
    pd.DataFrame({"text": support_desk.load_train().texts}).to_csv(folder / "training.csv", index=False)
    clean = list(support_desk.load_clean_test().texts)
    noisy = [text.replace("er", "re") for text in clean]
    pd.DataFrame({"clean": clean, "noisy": noisy, "text": clean}).to_csv(folder / "pairs.csv", index=False)
    return folder


def test_messages_beside_clean_ones_give_a_profile_and_the_shares(run: Run, messages: Path) -> None:
    ended = run("profile", "production.csv", "--clean", "training.csv", "--out", "ours.json")
    assert (ended.code, ended.err) == (0, "")
    assert "your users" in ended.out
    assert "simulated" in ended.out
    assert "a classifier tells your users' messages from simulated ones with an AUC of 0." in ended.out
    assert "(550 messages, 280 others; learned on one half of them, judged on the other)" in ended.out
    assert ended.out.endswith(
        "learned from 1,100 messages beside 560 clean ones\nsaved ours.json\n"
        "next: roadworthy inspect MODEL CLEAN --profile ours.json\n"
        "      roadworthy perturb MESSAGES --profile ours.json --out FILE\n"
    )
    learned = Profile.load(messages / "ours.json")
    assert (learned.name, learned.evidence.messages, learned.evidence.clean) == ("ours", 1_100, 560)
    assert learned.evidence.likeness.simulated.value < learned.evidence.likeness.clean.value


def test_messages_alone_are_enough(run: Run, messages: Path) -> None:
    ended = run("profile", "production.csv", "--out", "new/ours.json", "--json")
    found = json.loads(ended.out)
    assert (ended.code, found["out"], found["name"], list(found["shares"])) == (
        0,
        "new/ours.json",
        "ours",
        ["your users"],
    )
    assert {"name": "all_lowercase", "share": found["shares"]["your users"]["lowercase"], "severity": 1} == next(
        step | {"share": pytest.approx(step["share"], abs=1e-3)} for step in found["steps"] if "lower" in step["name"]
    )


def test_what_is_simulated_looks_like_what_was_seen(run: Run, messages: Path) -> None:
    ended = run("profile", "production.csv", "--clean", "training.csv", "--out", "ours.json", "--json")
    shares = json.loads(ended.out)["shares"]
    for name in ("lowercase", "emoji", "no_apostrophe", "repeated_marks", "hinglish"):
        assert shares["simulated"][name] == pytest.approx(shares["your users"][name], abs=0.12), name


def test_pairs_give_a_profile_of_slips(run: Run, messages: Path) -> None:
    ended = run("profile", "pairs.csv", "--pairs", "--out", "typing.json")
    assert (ended.code, ended.err) == (0, "")
    assert "a classifier tells your users' messages from simulated ones" in ended.out
    assert "\nlearned from 240 pairs\nsaved typing.json\n" in ended.out
    assert Profile.load(messages / "typing.json").slips is not None


def test_pairs_give_what_else_is_seen_of_them(run: Run, messages: Path) -> None:
    clean = read_frame(messages / "pairs.csv")["clean"]
    typed = [text.lower() if row % 2 else text.rstrip(".?!") for row, text in enumerate(clean)]
    pd.DataFrame({"clean": clean, "typed": typed}).to_csv(messages / "lower.csv", index=False)
    found = json.loads(run("profile", "lower.csv", "--pairs", "--out", "lower.json", "--json").out)
    assert {step["name"] for step in found["steps"]} == {"all_lowercase", "dropped_punctuation"}
    for share in (found["shares"]["your users"], found["shares"]["simulated"]):
        assert (share["lowercase"], share["no_final_mark"]) == pytest.approx((0.5, 0.5), abs=0.07)
    assert Profile.load(messages / "lower.json").slips is None


def test_what_perturb_wrote_is_a_file_of_pairs(run: Run, messages: Path) -> None:
    run("perturb", "training.csv", "--profile", "typing", "--out", "typed.csv")
    assert run("profile", "typed.csv", "--pairs", "--out", "typing.json").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("clean.csv",), "clean.csv: 6 messages are too few to learn from; give at least 30"),
        (("one.csv",), "one.csv: 1 message is too few to learn from; give at least 30"),
        (("production.csv", "--clean", "clean.csv"), "clean.csv: 6 clean messages are too few to learn from"),
        (("blank.csv", "--pairs", "--text", "clean"), "blank.csv: no column"),
        (("few.csv", "--pairs"), "few.csv: 29 pairs are too few to learn from; give at least 30"),
        (("shuffled.csv", "--pairs"), "of the words that were meant were typed as well; give each message twice"),
        (("production.csv", "--out", "production.csv"), "production.csv: a profile is JSON; give --out a name that"),
        (("production.csv", "--out", "real_users"), "real_users: a profile is JSON; give --out a name that ends in"),
        (("production.json", "--out", "production.json"), "production.json: is read, and would be lost"),
        (("production.csv", "--text", "none"), "no column 'none'"),
        (("none.csv",), "none.csv: no such file"),
        (("production.csv", "--pairs"), "production.csv: no column of what was meant; name that column clean"),
        (("pairs.csv", "--pairs", "--text", "none"), "no column 'none'"),
        (("pairs.csv", "--pairs", "--text", "text"), "the pairs show nothing to learn"),
        (("pairs.csv", "--pairs", "--clean", "clean.csv"), "--clean goes with messages, not with --pairs"),
        (("blank.csv", "--pairs"), "blank.csv, column typed: row 2: the text is empty"),
    ],
)
def test_bad_input_is_told_in_one_line(run: Run, messages: Path, arguments: tuple[str, ...], said: str) -> None:
    (messages / "blank.csv").write_text("clean,typed\nhello,helo\nbye,\n")
    (messages / "one.csv").write_text("text\nhello\n")
    pairs = read_frame(messages / "pairs.csv")[["clean", "noisy"]]
    pairs[:29].to_csv("few.csv", index=False)
    pairs.assign(noisy=pairs["noisy"].tolist()[::-1]).to_csv("shuffled.csv", index=False)
    read_frame(messages / "production.csv").to_json("production.json", orient="records")
    before = {file: file.read_bytes() for file in messages.iterdir() if file.is_file()}
    ended = run("profile", *arguments, *(() if "--out" in arguments else ("--out", "ours.json")))
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert said in ended.err
    assert {file: file.read_bytes() for file in messages.iterdir() if file.is_file()} == before


def test_a_message_by_a_profile_is_printed_alone(run: Run) -> None:
    ended = run("perturb", MESSAGE, "--profile", "dictated", "--severity", "1")
    assert (ended.code, ended.out) == (0, "where is my order please\n")


def test_a_message_by_a_profile_as_json(run: Run) -> None:
    found = json.loads(run("perturb", MESSAGE, "--profile", "real-users", "--json", "--seed", "4").out)
    assert found == {"real_users": Profile.load("real_users")(MESSAGE, seed=4)}


def test_a_file_by_a_learned_profile(run: Run, messages: Path) -> None:
    run("profile", "production.csv", "--clean", "training.csv", "--out", "ours.json")
    ended = run("perturb", "training.csv", "--profile", "ours.json", "--out", "noisy.csv", "--seed", "3")
    frame = read_frame(messages / "noisy.csv")
    assert ended.err.endswith(" of 560 messages changed (0 not applicable).\n")
    assert frame["text"].tolist() == Profile.load(messages / "ours.json")(frame["clean_text"].tolist(), seed=3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--profile", "nobody"), "nobody: no such profile; built in are real_users, typing"),
        (("--profile", "clean.csv"), "clean.csv: not a profile"),
        (("--profile", "typing", "--family", "typos"), "--family and --profile exclude each other"),
        (("--profile", "typing", "--severity", "9"), "severity 9; give 1 (mild) to 5 (heavy)"),
    ],
)
def test_a_profile_that_is_none_is_told(run: Run, folder: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = run("perturb", "clean.csv", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
