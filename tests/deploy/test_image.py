"""The Dockerfile, read: what the image is made of, and how it runs."""

import json
import re
import shlex
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def test_both_stages_start_from_the_same_base_which_can_be_chosen(image):
    assert image[0] == ("ARG", "BASE=docker.io/library/python:3.12-slim")
    assert [arguments for name, arguments in image if name == "FROM"] == ["${BASE} AS build", "${BASE}"]


def test_nothing_is_installed_that_no_hash_vouches_for(image):
    steps = [arguments for name, arguments in image if name in {"RUN", "ENV"}]
    installing = [number for number, step in enumerate(steps) if re.search(r"pip .*\b(install|wheel)\b", step)]
    offline = next(number for number, step in enumerate(steps) if "PIP_NO_INDEX=1" in step)
    (download,) = (step for step in steps if "pip download" in step)
    assert all(flag in download for flag in ("--require-hashes", "--only-binary :all:", "requirements/serve.txt"))
    assert installing
    assert min(installing) > offline


def test_the_index_is_a_secret_of_the_build(image):
    (download,) = (arguments for name, arguments in image if name == "RUN" and "pip download" in arguments)
    assert "--mount=type=secret,id=pip.conf" in download
    assert not [arguments for name, arguments in image if name in {"ARG", "ENV"} and "INDEX_URL" in arguments]


def test_the_final_stage_takes_the_environment_and_no_tool_that_made_it(final_stage):
    assert final_stage["COPY"] == "--from=build /opt/roadworthy /opt/roadworthy"
    assert not re.search(r"\bpip\b|apt-get|gcc|\bapk\b", final_stage["RUN"])


def test_it_runs_as_nobody_who_owns_anything_but_the_data(final_stage):
    assert final_stage["USER"] == "10001:10001"
    assert "install -d -o 10001 -g 10001 -m 0750 /data" in final_stage["RUN"]
    assert final_stage["VOLUME"] == "/data"


def test_byte_code_is_there_already_and_never_written_later(image, final_stage):
    compiled = [arguments for name, arguments in image if name == "RUN" and "compileall" in arguments]
    assert len(compiled) == 2
    assert all("--invalidation-mode unchecked-hash" in arguments for arguments in compiled)
    assert "PYTHONDONTWRITEBYTECODE=1" in final_stage["ENV"].split()


def test_the_command_serves_the_mounted_model(final_stage):
    assert json.loads(final_stage["ENTRYPOINT"]) == ["roadworthy"]
    assert json.loads(final_stage["CMD"]) == ["serve", "/model", "--host", "0.0.0.0", "--port", "8000"]
    assert final_stage["STOPSIGNAL"] == "SIGTERM"


def health_check(final_stage) -> list[str]:
    return json.loads(final_stage["HEALTHCHECK"].partition("CMD ")[2])


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_asks_whether_it_is_ready(final_stage, status, code):
    import subprocess
    import sys
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    asked = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    program, *arguments = health_check(final_stage)
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.handle_request).start()
        here = [argument.replace("8000", str(server.server_port)) for argument in arguments]
        done = subprocess.run([sys.executable, *here], timeout=20)
    assert (program, asked, done.returncode) == ("/opt/roadworthy/bin/python", ["/readyz"], code)


def test_labels_say_what_it_is(final_stage, root):
    labels = dict(pair.split("=", 1) for pair in shlex.split(final_stage["LABEL"]))
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert labels["org.opencontainers.image.title"] == project["name"]
    assert labels["org.opencontainers.image.licenses"] == project["license"]
    assert {"version", "revision", "description"} <= {name.rpartition(".")[2] for name in labels}


def test_what_the_build_copies_is_sent_to_it_and_little_else(image, root):
    lines = (root / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in lines if line.startswith("!")}
    copied = {name for kind, line in image if kind == "COPY" and "--from" not in line for name in line.split()[:-1]}
    assert "*" in lines
    assert sent == copied
    assert all((root / name).exists() for name in sent)


def pinned(root) -> dict[str, list[Requirement]]:
    text = (root / "requirements/serve.txt").read_text()
    lines = [line.removesuffix(" \\") for line in text.splitlines() if re.match(r"^[a-z]", line)]
    found: dict[str, list[Requirement]] = {}
    for requirement in map(Requirement, lines):
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def test_requirements_are_pinned_hashed_and_without_an_address(root):
    text = (root / "requirements/serve.txt").read_text()
    blocks = re.split(r"\n(?=[a-z])", text)[1:]
    assert blocks
    assert all(re.match(r"^[\w.-]+(\[[\w,-]+\])?==[^ ]+( ; .*)? \\\n", block) for block in blocks)
    assert all(block.count("--hash=sha256:") >= 1 for block in blocks)
    assert "://" not in text
    assert not re.search(r"--(extra-)?index-url|--find-links", text)


def test_requirements_hold_all_that_the_extras_of_the_image_need(root, image):
    (extras,) = (line.partition("=")[2].split(",") for name, line in image if name == "ARG" and "EXTRAS=" in line)
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    known = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for name in extras for line in known[name])]
    wanted = [requirement for requirement in map(Requirement, lines) if requirement.name != project["name"]]
    ours = pinned(root)
    for requirement in wanted:
        versions = [next(iter(found.specifier)).version for found in ours[canonicalize_name(requirement.name)]]
        assert all(requirement.specifier.contains(version) for version in versions), requirement
