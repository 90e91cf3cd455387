"""The serving benchmarks: their figures against ones worked out by hand, on a server of a few lines."""

import importlib
import json
import os
import shutil
import sqlite3
import sys
import textwrap
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

ROOT = Path(__file__).parents[1]
NAMES = ("servers", "running", "serve", "silent_200s")

needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
needs_two_cores = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="the benchmark needs two cores")

# It answers with what it was asked, and starts a child that does not mind being asked to end.
PLAIN = """
    import http.server, json, subprocess, sys

    class Plain(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            with open("asked.txt", "ab") as file:
                file.write(asked + b"\\n")
            try:
                status, said = 200, {"label": json.loads(asked)["text"] or None}
            except ValueError as error:
                status, said = 400, {"detail": str(error)}
            answer = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", len(answer))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *ignored): pass

    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE)
    child.stdout.readline()
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Plain).serve_forever()
"""


@pytest.fixture(scope="module")
def benchmarks():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in NAMES})
        for name in NAMES:
            sys.modules.pop(name)


@pytest.fixture
def one_core():
    allowed = os.sched_getaffinity(0)
    yield min(allowed)
    os.sched_setaffinity(0, allowed)


@pytest.fixture
def place(benchmarks, tmp_path):
    return benchmarks.servers.Place(Path(sys.executable), tmp_path, tmp_path, benchmarks.servers.free_ports(3))


@pytest.fixture
def quick(benchmarks, monkeypatch):
    monkeypatch.setattr(benchmarks.running, "_END", 0.5)


def plain(benchmarks, script=PLAIN):
    command = lambda place: [place.python, "-c", textwrap.dedent(script), place.port]  # noqa: E731
    return benchmarks.servers.Server("plain", "notebook", command)


def load(benchmarks, **figures):
    given = {"cpu": 100.0, "rate": 1000.0, "p50": 0.5, "p99": 1.0, "memory": 150.0} | figures
    return benchmarks.serve.Load(**{"requests": 100, "refused": 0, "broken": 0, "others": 0.0} | given)


# servers


def test_every_server_is_sent_the_text_as_it_is_and_a_place_for_the_number(benchmarks, tmp_path):
    servers = [*benchmarks.servers.FIELD, *benchmarks.servers.OWN, benchmarks.servers.NAIVE]
    assert len({server.title for server in servers}) == len(servers) == 10
    for server in servers:
        lines = benchmarks.serve.write_bodies(server, tmp_path).read_text().splitlines()
        assert len(lines) == 1100
        assert all(line.count(benchmarks.serve.NUMBER) == 1 for line in lines)
        assert "cant get into my acc ######" in lines[0]
        assert json.loads(lines[0])


@pytest.mark.parametrize(
    ("name", "document", "reply"),
    [
        ("FastAPI", {"label": "a", "confidence": 0.5}, ("a", 0.5, None, ())),
        ("mlflow", {"predictions": ["a"]}, ("a", None, None, ())),
        ("MLServer", {"outputs": [{"name": "predict", "data": ["a"]}]}, ("a", None, None, ())),
        (
            "roadworthy",
            {"label": "a", "confidence": 0.5, "verdict": "flagged", "reasons": ["empty"], "id": "x"},
            ("a", 0.5, "flagged", ("empty",)),
        ),
        ("mlflow", {"predictions": []}, (None, None, None, ())),
        ("FastAPI", [], (None, None, None, ())),
    ],
)
def test_what_an_answer_says(benchmarks, place, name, document, reply):
    (server, *_) = benchmarks.serve.chosen([name])
    running = benchmarks.running.Running(server, place, None, 0)
    assert running.reply(json.dumps(document).encode()) == reply


def test_a_virtual_environment_is_made_once_and_again_for_other_packages(benchmarks, monkeypatch, tmp_path):
    servers, told = benchmarks.servers, []

    def run(command):
        told.append([str(part) for part in command])
        (tmp_path / "litserve").mkdir(exist_ok=True)

    monkeypatch.setattr(servers, "_run", run)
    (litserve,) = benchmarks.serve.chosen(["LitServe"])
    assert servers.python_for(litserve, tmp_path) == tmp_path / "litserve" / "bin" / "python"
    assert len(told) == 2
    assert told[1][-2:] == ["litserve", f"scikit-learn=={servers.version('scikit-learn')}"]
    servers.python_for(litserve, tmp_path)
    assert len(told) == 2
    monkeypatch.setattr(servers.shutil, "which", lambda *ignored, **options: None)
    monkeypatch.setattr(servers, "version", lambda name: "9")
    servers.python_for(litserve, tmp_path)
    assert told[2][1:3] == ["-m", "venv"]
    assert told[3][1:4] == ["-m", "pip", "install"]
    assert told[3][-1] == "scikit-learn==9"


def test_fastapi_is_of_the_same_versions_and_ours_needs_no_environment(benchmarks, monkeypatch, tmp_path):
    servers, told = benchmarks.servers, []
    monkeypatch.setattr(servers, "_run", lambda command: told.append(command))
    monkeypatch.setattr(servers, "version", lambda name: "9")
    (tmp_path / "fastapi").mkdir()
    servers.python_for(servers.FIELD[0], tmp_path)
    assert told[1][-5:] == ["fastapi==9", "uvicorn==9", "uvloop==9", "httptools==9", "scikit-learn==9"]
    assert servers.python_for(servers.OWN[0], tmp_path) == Path(sys.executable)


def test_what_cannot_be_installed_says_why(benchmarks, monkeypatch, tmp_path):
    failing = [sys.executable, "-c", "import sys; sys.exit('first\\n\\nno such package\\n')"]
    monkeypatch.setattr(benchmarks.servers, "_installing", lambda *ignored: [failing])
    with pytest.raises(benchmarks.servers.NotServedError, match="no such package"):
        benchmarks.servers.python_for(benchmarks.servers.FIELD[0], tmp_path)


def test_the_version_of_what_serves(benchmarks):
    own = benchmarks.servers.version_of(benchmarks.servers.OWN[0], Path(sys.executable))
    assert own == f"roadworthy {benchmarks.servers.version('roadworthy')}"


# running


def test_a_server_is_asked_and_measured_and_no_process_of_it_stays(benchmarks, place, one_core, quick):
    with benchmarks.running.started(plain(benchmarks), place, one_core) as running:
        first, child = running._tree()
        assert first.cpu_affinity() == child.cpu_affinity() == [one_core]
        status, answer = running.ask(b'{"text": "a refund"}')
        assert (status, running.reply(answer).label, running.answered) == (200, "a refund", 2)
        assert running.ask(b"{")[0] == 400
        assert running.answered == 2
        assert running.core_seconds() > running.cpu_seconds() > 0
        assert 1 < running.resident_megabytes() < 500
    assert not first.is_running()
    with pytest.raises(benchmarks.servers.NotServedError, match="plain ended while it was asked"):
        running.resident_megabytes()
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_one_that_ends_at_its_start_says_why(benchmarks, place, one_core):
    broken = plain(benchmarks, "print('no model here')")
    with (
        pytest.raises(benchmarks.servers.NotServedError, match="ended at its start: no model here"),
        benchmarks.running.started(broken, place, one_core),
    ):
        pass


def test_one_that_gives_no_label_in_time_is_stopped(benchmarks, place, one_core, quick, monkeypatch):
    monkeypatch.setattr(benchmarks.running, "_START", 0.3)
    with (
        pytest.raises(benchmarks.servers.NotServedError, match=r"no label within 0\.3 s: it said nothing"),
        benchmarks.running.started(plain(benchmarks, "import time; time.sleep(60)"), place, one_core),
    ):
        pass


# serve


@pytest.mark.parametrize(
    ("figure", "ratio", "verdict"),
    [
        ("cpu", 0.45, "aim met"),
        ("cpu", 0.7, "must met"),
        ("cpu", 0.71, "**missed**"),
        ("rate", 2.0, "aim met"),
        ("rate", 1.4, "must met"),
        ("rate", 1.39, "**missed**"),
    ],
)
def test_a_bound_is_kept_from_its_own_side(benchmarks, figure, ratio, verdict):
    limits = (1.4, 2.0) if figure == "rate" else (0.7, 0.45)
    assert benchmarks.serve.Bound("FastAPI", "notebook", figure, 1, *limits).verdict(ratio) == verdict


def test_ratios_are_taken_round_by_round_where_both_were_measured(benchmarks):
    ours, rival = benchmarks.servers.OWN[0].title, benchmarks.servers.FIELD[0].title
    measured = {
        (ours, 1): [load(benchmarks, cpu=cpu) for cpu in (50, 60, 300)],
        (rival, 1): [load(benchmarks, cpu=cpu) for cpu in (100, 200, 300)],
        (ours, 32): [load(benchmarks)],
    }
    assert list(benchmarks.serve.ratios(measured)) == [
        ["FastAPI", "notebook", "CPU a request", "1", "0.50 (0.30 to 1.00)", "0.7", "0.45", "must met"]
    ]


def test_a_row_gives_median_and_range_and_is_marked_where_answers_failed(benchmarks):
    loads = [load(benchmarks, cpu=cpu) for cpu in (300.0, 100.0, 120.0)]
    assert benchmarks.serve.line("x", 1, loads)[:3] == ["x", "1", "120 (100 to 300)"]
    assert benchmarks.serve.line("x", 1, loads)[-1] == "0"
    marked = benchmarks.serve.line("x", 1, [*loads, load(benchmarks, refused=2, broken=1)])
    assert marked[-1] == "**3**: not comparable"


@pytest.mark.parametrize(
    ("rows", "verdict"), [(199, "does not agree"), (200, "agrees"), (264, "agrees"), (265, "does not agree")]
)
def test_every_answer_has_a_row_but_those_in_flight_may_have_one_too(benchmarks, tmp_path, place, rows, verdict):
    with closing(sqlite3.connect(benchmarks.servers.log_of(tmp_path))) as connection, connection:
        connection.execute("create table predictions (role text)")
        connection.executemany("insert into predictions values (?)", [("served",)] * rows + [("shadow",)] * 9)
    ours = benchmarks.running.Running(benchmarks.servers.OWN[0], place, None, 0)
    other = benchmarks.running.Running(benchmarks.servers.FIELD[0], place, None, 0)
    ours.answered = 10
    found = [load(benchmarks, refused=5), load(benchmarks, refused=5)]
    (line,) = benchmarks.serve.checks([ours, other], {(ours.server.title, 32): found, (other.server.title, 1): found})
    assert "200 answers" in line
    assert line.endswith((f": {verdict}.", f": **{verdict}**."))


@needs_wrk
@needs_two_cores
def test_the_whole_run_with_a_plain_server(benchmarks, monkeypatch, capsys, tmp_path, one_core, quick):
    module = benchmarks.serve
    absent = plain(benchmarks, "print('no model here')")
    monkeypatch.setattr(module, "FIELD", (plain(benchmarks), type(absent)("absent", "bayes", absent.command)))
    monkeypatch.setattr(module, "OWN", ())
    monkeypatch.setattr(module, "make_models", lambda folder: folder)
    monkeypatch.setattr(module, "version_of", lambda server, python: "plain 1")
    kept = []
    monkeypatch.setattr(module, "checks", lambda up, loads: kept.extend((up, loads)) or [])
    monkeypatch.setattr(module, "write_bodies", Kept(module.write_bodies))
    monkeypatch.setattr(module, "load", asked := AskedTexts(module.load))
    options = ["--venvs", str(tmp_path), "--rounds", "1", "--seconds", "1", "--connections", "2"]
    monkeypatch.setattr(sys, "argv", ["serve.py", *options])
    module.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "plain: plain 1"
    assert lines[4].startswith("| plain | 2 | ")
    assert lines[4].endswith("| 0 |")
    assert lines[5].startswith("| absent, bayes | ended at its start: no model here |")
    loads = kept[1]["plain", 2]
    assert len(loads) == 2
    assert all(one.requests > 20 and 0 < one.p50 <= one.p99 and one.cpu > 0 for one in loads)
    assert len(asked.texts) == len(set(asked.texts)) >= sum(one.requests for one in loads)
    assert all(text.split()[-1].isdigit() for text in asked.texts)


class Kept:
    def __init__(self, function):
        self.function, self.given = function, []

    def __call__(self, *arguments):
        self.given.append(self.function(*arguments))
        return self.given[-1]


class AskedTexts:
    """What the plain server was asked by a load."""

    def __init__(self, function):
        self.function, self.texts = function, []

    def __call__(self, running, *arguments):
        found = self.function(running, *arguments)
        lines = (running.place.folder / "asked.txt").read_text().splitlines()[1:]
        self.texts = [json.loads(line)["text"] for line in lines]
        return found


def test_two_cores_and_wrk_are_needed(benchmarks, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["serve.py", "--venvs", str(tmp_path)])
    monkeypatch.setattr(benchmarks.serve.shutil, "which", lambda name: "/usr/bin/wrk")
    monkeypatch.setattr(benchmarks.serve.os, "sched_getaffinity", lambda process: {3})
    with pytest.raises(SystemExit):
        benchmarks.serve.main()
    assert "two cores are needed" in capsys.readouterr().err
    monkeypatch.setattr(benchmarks.serve.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit):
        benchmarks.serve.main()
    assert "wrk is not installed" in capsys.readouterr().err


# silent_200s


def test_bytes_take_the_place_of_the_text_as_they_are(benchmarks):
    module = benchmarks.silent_200s
    for server in module.chosen(None):
        body = module.body(server, module.NOT_UTF8)
        assert module.NOT_UTF8 in body
        with pytest.raises(UnicodeDecodeError):
            body.decode()
        assert json.loads(module.body(server, "é")) == server.body("é")
    assert len(module.SENT["a message of 1 MB"].encode()) == module.MEGABYTE


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"detail": "too\\n large"}', "too large"),
        (b'{"detail": [{"loc": ["text"], "msg": "a | b"}]}', "a / b"),
        (b'{"error": "no"}', "no"),
        (b'{"other": 1}', "{'other': 1}"),
        (b"Internal Server Error", "Internal Server Error"),
        (b"", "without a word"),
        (b"[]", "[]"),
    ],
)
def test_why_a_message_was_refused(benchmarks, answer, said):
    assert benchmarks.silent_200s.why(answer) == said


def test_a_label_without_a_doubt_is_silent(benchmarks):
    answered = benchmarks.silent_200s.Answered
    assert answered(200, "a", 0.51).row("x", "y") == ["x", "y", "200", "a", "0.51", "**nothing**"]
    assert answered(200, "a", 0.51, "flagged: empty").row("x", "y")[-2:] == ["0.51", "flagged: empty"]
    assert answered(200).row("x", "y")[2:] == ["200", "none", "", ""]
    assert answered(None, doubt="refused: the connection ended").row("x", "y")[2] == "no answer"
    assert [answered(200, "a").silent, answered(200).silent, answered(422, doubt="refused").silent] == [1, 0, 0]


def test_what_is_flagged_is_no_silent_answer(benchmarks, place):
    module = benchmarks.silent_200s
    ours = benchmarks.running.Running(benchmarks.servers.OWN[0], place, None, 0)
    for verdict, doubt in (("flagged", "flagged: empty, too_long"), ("trusted", "")):
        said = {"label": "a", "confidence": 0.2, "verdict": verdict, "reasons": ["empty", "too_long"]}
        ours.ask = lambda body, said=said: (200, json.dumps(said).encode())
        assert module.ask(ours, "x") == module.Answered(200, "a", 0.2, doubt)


def test_a_connection_that_ends_is_a_refusal(benchmarks, place):
    running = benchmarks.running.Running(benchmarks.servers.FIELD[0], place, None, 0)
    answered = benchmarks.silent_200s.ask(running, "x")
    assert (answered.status, answered.silent) == (None, False)


def test_the_table_of_silent_200s(benchmarks, monkeypatch, capsys, tmp_path, quick):
    module = benchmarks.silent_200s
    absent = plain(benchmarks, "print('no model here')")
    servers = (plain(benchmarks), type(absent)("absent", "notebook", absent.command))
    monkeypatch.setattr(module, "FIELD", servers)
    monkeypatch.setattr(module, "OWN", ())
    monkeypatch.setattr(module, "make_models", lambda folder: folder)
    monkeypatch.setattr(sys, "argv", ["silent_200s.py", "--venvs", str(tmp_path), "--only", "plain", "absent"])
    module.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 8 + 1 + 4
    assert lines[2] == "| empty string | plain | 200 | none |  |  |"
    assert lines[4].startswith("| gibberish | plain | 200 | asdkjh")
    assert lines[9].startswith("| broken UTF-8 | plain | 400 | none |  | refused: 'utf-8' codec")
    assert lines[-2:] == ["| plain | 6 |", "| absent | ended at its start: no model here |"]
