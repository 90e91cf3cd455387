"""The image is really built, run with a read-only root file system and as nobody, asked, and stopped.

It is built by buildah without a daemon, on a base from a registry or, where none is reached, on one made from Debian's
packages. It is run by podman, without a network, so that the image's own command and health check are what runs; where
no podman can run it, by buildah in a chroot, which can neither make the root read-only nor take all networks away.
"""

import ast
import json
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from importlib.resources import as_file, files
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
REGISTRY_BASE = "docker.io/library/python:3.12-slim"
PYTHON = "/opt/roadworthy/bin/python"
IMAGE = "localhost/roadworthy"
STARTED_SECONDS = 30
program = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["program"]

# Asked from inside: out of the container there is no way to it.
ASK = """
import http.client, json, sys
port, path, body, key = sys.argv[1:]
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
connection.request("POST" if body else "GET", path, body or None, headers)
answer = connection.getresponse()
print(json.dumps([answer.status, answer.read().decode()]))
"""
WAIT = """
import http.client, sys, time
end = time.monotonic() + 60
while time.monotonic() < end:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
        connection.request("GET", "/readyz")
        if connection.getresponse().status == 200:
            sys.exit(0)
    except OSError:
        time.sleep(0.02)
sys.exit(1)
"""


def shell(*command, check=True, timeout=1200) -> subprocess.CompletedProcess:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=timeout)
    assert not check or done.returncode == 0, f"{command[0]} {command[-1]}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done


@pytest.fixture(scope="module")
def workshop():
    """A folder of its own, as two gigabytes of layers are not to stay behind with pytest's."""
    with tempfile.TemporaryDirectory(prefix="roadworthy-container-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def stored(workshop) -> list[str]:
    """Where images and containers are kept: not among the machine's own."""
    return ["--root", f"{workshop}/images", "--runroot", f"{workshop}/running", "--storage-driver", "vfs"]


@pytest.fixture(scope="module")
def buildah(stored):
    path = program("buildah")

    def run(*arguments, check=True):
        return shell(path, *stored, *arguments, check=check)

    yield run
    run("rm", "--all", check=False)
    run("rmi", "--all", "--force", check=False)


@pytest.fixture(scope="module")
def base(buildah, workshop) -> str:
    if buildah("pull", "--quiet", REGISTRY_BASE, check=False).returncode == 0:
        return REGISTRY_BASE
    if (mmdebstrap := shutil.which("mmdebstrap")) is None:
        pytest.skip("no registry is reached, and mmdebstrap is not installed to make a base from Debian's packages")
    archive = workshop / "debian.tar"
    include = "--include=python3,python3-venv,ca-certificates"
    made = shell(mmdebstrap, "--quiet", "--variant=apt", include, "trixie", archive, check=False)
    if made.returncode:
        pytest.skip(f"no registry and no Debian archive is reached: {made.stderr[-300:]}")
    container = buildah("from", "scratch").stdout.strip()
    buildah("add", "--quiet", container, archive, "/")
    archive.unlink()
    runs = buildah("run", "--isolation", "chroot", container, "--", "true", check=False)
    if runs.returncode:
        pytest.skip(f"nothing can be run in a chroot here: {runs.stderr[-300:]}")
    buildah("commit", "--quiet", "--rm", container, "localhost/base")
    return "localhost/base"


def pip_settings() -> dict[str, str]:
    """What pip is told on this machine, by files and variables, of what it needs to reach the index."""
    listed = shell(sys.executable, "-m", "pip", "config", "list").stdout
    pairs = re.findall(r"^(?:global|download|:env:)\.([\w-]+)=(.*)$", listed, re.MULTILINE)
    wanted = {"index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "cert"}
    found = {name: str(ast.literal_eval(value)).strip() for name, value in pairs if name in wanted}
    return {name: value for name, value in found.items() if "file:" not in value}


@pytest.fixture(scope="module")
def index(workshop) -> list[str]:
    """The machine's package index as secrets of the build."""
    pinned = re.search(r"^typing-extensions==\S+", (ROOT / "requirements/serve.txt").read_text(), re.MULTILINE)[0]
    probe = ["download", "--quiet", "--no-deps", "--dest", workshop / "probe", pinned]
    if shell(sys.executable, "-m", "pip", *probe, check=False).returncode:
        pytest.skip("no package index is reached")
    settings, secrets = pip_settings(), []
    if "cert" in settings:
        secrets = ["--secret", f"id=ca.pem,src={settings['cert']}"]
        settings["cert"] = "/run/secrets/ca.pem"
    config = workshop / "pip.conf"
    config.write_text(
        "[global]\n" + "".join(f"{name} = {' '.join(value.split())}\n" for name, value in settings.items())
    )
    return [*secrets, "--secret", f"id=pip.conf,src={config}"]


@pytest.fixture(scope="module")
def image(buildah, base, index) -> str:
    began = time.monotonic()
    choices = ["--isolation", "chroot", "--format", "docker", "--layers=false", "--build-arg", f"BASE={base}"]
    buildah("build", *choices, *index, "--file", ROOT / "deploy/Dockerfile", "--tag", IMAGE, ROOT)
    print(f"\nbuilt in {time.monotonic() - began:.0f} s on {base}")
    return IMAGE


@pytest.fixture(scope="module")
def mounts(run, tmp_path_factory) -> dict[str, Path]:
    """A small model, a key, and a folder for what is logged."""
    folder = tmp_path_factory.mktemp("mounts")
    with as_file(files("roadworthy.support_desk") / "train.csv") as messages:
        trained = run("train", messages, "--out", "model", "--no-track", cwd=folder)
    assert trained.returncode == 0, trained.stderr
    made = run("key", "test", "--keys", "keys.json", "--json", cwd=folder)
    assert made.returncode == 0, made.stderr
    (folder / "key").write_text(json.loads(made.stdout)["key"])
    # Whom the container runs as is nobody here.
    (folder / "keys.json").chmod(0o644)
    (folder / "data").mkdir()
    (folder / "data").chmod(0o777)
    return {name: folder / name for name in ("model", "keys.json", "key", "data")}


class InPodman:
    """A container by podman: as compose.yaml and the manifests run it, but for the network."""

    def __init__(self, podman: list[str], mounts: dict[str, Path]) -> None:
        self._podman, self._name, self.port = podman, f"roadworthy-{os.getpid()}", 8000
        hardened = ["--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--network", "none"]
        places = [
            *("--tmpfs", "/tmp", "--volume", f"{mounts['data']}:/data"),
            *("--volume", f"{mounts['model']}:/model:ro"),
            *("--volume", f"{mounts['keys.json']}:/run/secrets/roadworthy_keys:ro"),
        ]
        shell(*podman, "create", "--name", self._name, *LIMITS, *hardened, *places, IMAGE)

    def start(self) -> None:
        shell(*self._podman, "start", self._name)

    def inside(self, *command, check=True) -> subprocess.CompletedProcess:
        return shell(*self._podman, "exec", self._name, *command, check=check)

    def is_healthy(self) -> bool:
        return shell(*self._podman, "healthcheck", "run", self._name, check=False).returncode == 0

    def lines(self) -> str:
        done = shell(*self._podman, "logs", self._name)
        return done.stdout + done.stderr

    def stop(self) -> int:
        shell(*self._podman, "stop", "--time", "45", self._name)
        return int(shell(*self._podman, "inspect", "--format", "{{.State.ExitCode}}", self._name).stdout)

    def remove(self) -> None:
        shell(*self._podman, "rm", "--force", "--volumes", self._name, check=False)


# What podman would raise them to may be more than this machine grants.
LIMITS = ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"]


def podman_here(stored) -> list[str] | None:
    """Podman with a runtime that runs a container on this machine."""
    if (podman := shutil.which("podman")) is None:
        return None
    for runtime in filter(shutil.which, ("crun", "runc")):
        command = [podman, *stored, "--cgroup-manager", "cgroupfs", "--runtime", runtime]
        trial = ["run", "--rm", *LIMITS, "--read-only", "--network", "none", "--entrypoint", "true", IMAGE]
        if shell(*command, *trial, check=False).returncode == 0:
            return command
    return None


class InChroot:
    """As much of a container as buildah can make without a runtime: another root, another user, nothing else."""

    def __init__(self, buildah_command: list[str], container: str, mounts: dict[str, Path]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        places = [
            *("--volume", f"{mounts['data']}:/data", "--volume", f"{mounts['model']}:/model:ro"),
            *("--volume", f"{mounts['keys.json']}:/run/secrets/roadworthy_keys:ro"),
        ]
        self._run = [
            *buildah_command,
            "run",
            "--isolation",
            "chroot",
            "--user",
            "10001:10001",
            *places,
            container,
            "--",
        ]
        self._lines = mounts["data"].parent / "lines"

    def start(self) -> None:
        serve = ["roadworthy", "serve", "/model", "--host", "127.0.0.1", "--port", str(self.port)]
        with self._lines.open("wb") as lines:
            self._process = subprocess.Popen([*self._run, *serve], stdout=lines, stderr=lines)

    def inside(self, *command, check=True) -> subprocess.CompletedProcess:
        return shell(*self._run, *command, check=check)

    def is_healthy(self) -> bool:
        return True

    def lines(self) -> str:
        return self._lines.read_text()

    def stop(self) -> int:
        import psutil

        below = psutil.Process(self._process.pid).children(recursive=True)
        (ours,) = (process for process in below if process.cmdline()[0].startswith(PYTHON))
        ours.terminate()
        return self._process.wait(timeout=60)

    def remove(self) -> None:
        if self._process.poll() is None:
            self.stop()


@pytest.fixture(scope="module")
def container(image, stored, buildah, mounts):
    if podman := podman_here(stored):
        service = InPodman(podman, mounts)
    else:
        print("\nno podman can run it here: in a chroot, whose root is not read-only")
        working = buildah("from", "--pull-never", image).stdout.strip()
        # Buildah would mount both what the image declares and what is given, in any order.
        buildah("config", "--volume", "/data-", working)
        service = InChroot([program("buildah"), *stored], working, mounts)
    try:
        began = time.monotonic()
        service.start()
        waited = service.inside(PYTHON, "-c", WAIT, service.port, check=False)
        assert waited.returncode == 0, service.lines()
        seconds = time.monotonic() - began
        print(f"ready {seconds:.1f} s after it was started")
        assert seconds < STARTED_SECONDS
        yield service
    finally:
        service.remove()


def ask(service, path, body=None, key="") -> tuple[int, str]:
    sent = "" if body is None else json.dumps(body)
    status, answer = json.loads(service.inside(PYTHON, "-c", ASK, service.port, path, sent, key).stdout)
    return status, answer


def megabytes(buildah, image) -> float:
    """The size of an image's files."""
    sizes = json.loads(buildah("images", "--json").stdout)
    (size,) = (one["size"] for one in sizes if any(name.startswith(image) for name in one.get("names") or ()))
    number, unit = size.split()
    return float(number) * {"KB": 0.001, "MB": 1, "GB": 1000}[unit]


def test_the_image_is_no_heavier_than_the_model_s_libraries(buildah, image, base):
    added = megabytes(buildah, image) - megabytes(buildah, base)
    print(f"\nthe image is {added:.0f} MB above its base")
    assert added < 550


def test_nothing_of_the_build_is_left_in_it(buildah, image):
    shown = buildah("inspect", "--type", "image", image).stdout
    variables = json.loads(shown)["Docker"]["config"]["Env"]
    assert not [variable for variable in variables if variable.startswith("PIP_")]
    assert "index-url" not in shown


def test_it_runs_as_nobody_without_tools(container):
    status = container.inside("cat", "/proc/self/status").stdout
    assert re.search(r"^Uid:\s+10001\s+10001", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    found = container.inside("sh", "-c", "command -v pip pip3 gcc cc git curl; true").stdout
    assert found == ""


def test_only_the_data_can_be_written_to(container):
    for place in ("/model", "/opt/roadworthy", "/"):
        assert container.inside("touch", f"{place}/written", check=False).returncode != 0, place
    container.inside("sh", "-c", "touch /tmp/written /data/written && rm /tmp/written /data/written")
    if isinstance(container, InPodman):
        options = container.inside("grep", " / ", "/proc/mounts").stdout.split()[3].split(",")
        assert "ro" in options


def test_it_is_ready_and_healthy(container):
    status, about = ask(container, "/readyz")
    assert (status, json.loads(about)["status"]) == (200, "ready")
    assert container.is_healthy()


def test_it_answers_whoever_has_a_key_and_logs_what_it_answered(container, mounts):
    key = mounts["key"].read_text()
    assert ask(container, "/v1/predict", {"text": "where is my order?"})[0] == 401
    status, answer = ask(container, "/v1/predict", {"texts": ["where is my order?", "qwxz blorp 🦑"]}, key)
    predictions = json.loads(answer)["predictions"]
    assert status == 200
    assert [one["trusted"] for one in predictions] == [True, False]
    assert 'roadworthy_predictions_total{label="' in ask(container, "/metrics")[1]
    exported = container.inside("roadworthy", "log", "export", "--out", "/data/all.jsonl", "--json").stdout
    assert json.loads(exported)["rows"] == 2


def test_the_tests_of_the_service_pass_in_it(image, stored, buildah):
    """The journeys with a browser and Prometheus, the faults, the hostile bodies: each starts containers of its own.

    They run in a chroot, which has this machine's loopback, PostgreSQL and folders, as the tests' own user.
    """
    working = buildah("from", "--pull-never", image).stdout.strip()
    # The tests set up the service themselves.
    unset = [part for name in ("LOG", "SPOOL", "KEYS") for part in ("--env", f"ROADWORTHY_{name}-")]
    buildah("config", "--volume", "/data-", *unset, working)
    temporary = Path(tempfile.gettempdir())
    run = [program("buildah"), *stored, "run", "--isolation", "chroot", "--user", "0:0"]
    run += ["--volume", f"{temporary}:{temporary}"]
    told = {"SERVICE_COMMAND": json.dumps([run, working])}
    tests = [Path(__file__).with_name(f"test_{name}.py") for name in ("serve", "serve_faults", "serve_hostile")]
    pytest_here = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider"]
    finished = shell("env", *(f"{name}={value}" for name, value in told.items()), *pytest_here, *tests, check=False)
    print(f"\n{finished.stdout.splitlines()[-1]}")
    assert finished.returncode == 0, finished.stdout[-6_000:]
    assert " passed" in finished.stdout


def test_sigterm_ends_it_in_time_with_nothing_unwritten(container, mounts):
    began = time.monotonic()
    code = container.stop()
    print(f"\nstopped in {time.monotonic() - began:.1f} s")
    assert code == 0, container.lines()
    assert "stopped" in container.lines()
    assert "Traceback" not in container.lines()
    assert not list(mounts["data"].glob("predictions.spool/*.jsonl"))
