"""Models take each other's places as MLflow's registry says, and whatever goes wrong, one answers."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from roadworthy.serve.app import create_app
from roadworthy.serve.counters import Counters
from roadworthy.serve.follower import KNOWN
from roadworthy.serve.following import Following
from roadworthy.serve.lineup import Lineup
from roadworthy.serve.settings import read_settings
from roadworthy.serve.stored import Known, Role, Version

from .conftest import FAMILIAR, Client

CHAMPION, CHALLENGER = "models:/desk@champion", "models:/desk@challenger"


class Told(Following):
    """A follower that knows what a test tells it."""

    def __init__(self, folder: Path, desk: Path) -> None:
        self.desk, self.asked = desk, 0
        self.when_asked: Callable[[], None] = lambda: None
        self.versions: dict[Role, Version] = {}
        folder.mkdir()
        self.folder = folder
        self.name("served", "1")
        super().__init__(folder)

    def name(self, role: Role, version: str | None, *, broken: bool = False, **more: Any) -> None:
        """Name a version, in a folder of its own."""
        if version is None:
            self.versions.pop(role, None)
        else:
            place = self.folder / version
            shutil.copytree(self.desk, place, dirs_exist_ok=True)
            if broken:
                (place / "model.skops").write_bytes(b"damaged")
            self.versions[role] = Version(name="intent", version=version, folder=place, **more)
        self.say()

    def say(self, registry: Any = "ok", said: str | None = None) -> None:
        now = time.monotonic()
        Known(checked=now, due=now + 60, registry=registry, versions=self.versions, said=said).save(self.folder / KNOWN)

    def ask(self) -> None:
        self.asked += 1
        self.when_asked()
        self.look()


@pytest.fixture
def told(place: Path, desk: Path) -> Told:
    return Told(place / "told", desk)


@pytest.fixture
def counters() -> Counters:
    return Counters()


def lineup(told: Told | None, *, model: object = CHAMPION, shadow: str | None = None, follows: bool = True) -> Lineup:
    return Lineup(read_settings(model=str(model), shadow=shadow), told, follows=follows)


def look(models: Lineup, told: Told, counters: Counters) -> None:
    anyio.run(models._look, told, counters)


def changed(counters: Counters, outcome: str) -> float | None:
    return counters.registry.get_sample_value("roadworthy_model_changes_total", {"outcome": outcome})


def events(lines: list[str]) -> list[str]:
    return [json.loads(line)["event"] for line in lines]


def version(models: Lineup) -> str | None:
    return models.served.about["version"]


def test_a_version_bears_the_names_of_the_store(told: Told) -> None:
    inspection = {"verdict": "pass"}
    told.name("served", "7", run="a1", inspection=inspection)
    told.look()
    served = lineup(told).served
    assert served.about == {"name": "intent", "version": "7", "run": "a1"}
    assert served.inspection == inspection
    assert served.answers([FAMILIAR])[0].verdict == "trusted"


def test_what_is_not_registered_keeps_the_version_that_its_content_gives_it(told: Told) -> None:
    told.versions["served"] = told.versions["served"].model_copy(update={"name": "runs:/a1/model", "version": None})
    told.say()
    told.look()
    served = lineup(told, model="runs:/a1/model", follows=False).served
    assert (served.name, len(served.version)) == ("runs:/a1/model", 12)


def test_another_version_takes_the_place_of_the_one_before(told: Told, counters: Counters, lines: list[str]) -> None:
    models = lineup(told)
    before = models.served
    look(models, told, counters)
    assert models.served is before
    told.name("served", "2")
    look(models, told, counters)
    assert version(models) == "2"
    assert (changed(counters, "done"), changed(counters, "failed")) == (1, 0)
    assert events(lines) == ["model_changed"]
    assert models.state == {"registry": "ok"}
    info = counters.registry.get_sample_value
    assert info("roadworthy_model_info", {"name": "intent", "version": "2", "run": ""}) == 1
    assert info("roadworthy_model_info", {"name": "intent", "version": "1", "run": ""}) == 0


def test_an_inspection_that_was_found_later_makes_no_other_model(told: Told, counters: Counters) -> None:
    models = lineup(told)
    told.versions["served"] = told.versions["served"].model_copy(update={"inspection": {"verdict": "pass"}})
    told.say()
    before = models.served
    look(models, told, counters)
    assert models.served is before


def test_one_that_does_not_load_leaves_the_one_before_and_is_not_tried_again(
    told: Told, counters: Counters, lines: list[str]
) -> None:
    models = lineup(told)
    told.name("served", "2", broken=True)
    look(models, told, counters)
    told.say()
    look(models, told, counters)
    assert version(models) == "1"
    assert (changed(counters, "done"), changed(counters, "failed")) == (0, 1)
    [line] = lines
    failed = json.loads(line)
    assert (failed["event"], failed["level"]) == ("model_change_failed", "error")
    assert (failed["wanted"], failed["still"]["version"]) == ({"name": "intent", "version": "2"}, "1")
    assert "model.skops is not the file that was written" in failed["error"]
    assert models.state == {"registry": "ok", "not_loaded": {"name": "intent", "version": "2"}}
    told.name("served", "1")
    look(models, told, counters)
    assert (version(models), models.state) == ("1", {"registry": "ok"})


def test_a_model_that_is_named_no_longer_goes_on(told: Told, counters: Counters, lines: list[str]) -> None:
    models = lineup(told)
    told.name("served", None)
    told.say(said="the store has no such model")
    look(models, told, counters)
    assert version(models) == "1"
    assert events(lines) == ["registry_problem"]
    anyio.run(models.reload)
    assert version(models) == "1"


def test_a_shadow_comes_and_goes(told: Told, counters: Counters, lines: list[str]) -> None:
    models = lineup(told, shadow=CHALLENGER)
    assert models.shadow is None
    told.name("shadow", "2")
    look(models, told, counters)
    first = models.shadow
    assert first is not None
    assert first.served.about["version"] == "2"
    told.name("shadow", None)
    look(models, told, counters)
    assert models.shadow is None
    assert first._thread._shutdown
    assert [json.loads(line)["role"] for line in lines] == ["shadow", "shadow"]
    assert version(models) == "1"
    models.close()


def test_a_challenger_that_does_not_load_keeps_no_champion_from_its_work(
    told: Told, counters: Counters, lines: list[str]
) -> None:
    told.name("shadow", "2", broken=True)
    told.look()
    models = lineup(told, shadow=CHALLENGER)
    assert (version(models), models.shadow, models.state) == ("1", None, {"registry": "ok"})
    assert events(lines) == ["model_change_failed"]
    told.name("shadow", "3")
    look(models, told, counters)
    assert models.shadow is not None
    models.close()


def test_a_shadow_in_a_folder_has_to_load(told: Told) -> None:
    with pytest.raises(Exception, match="no adapter fits this spec"):
        lineup(told, shadow="nowhere")


def test_a_model_in_a_folder_may_have_a_shadow_that_is_followed(told: Told, counters: Counters, desk: Path) -> None:
    told.name("shadow", "2")
    told.look()
    models = lineup(told, model=desk, shadow=CHALLENGER)
    assert (models.served.name, models.state) == ("desk", {"registry": "ok"})
    assert models.shadow is not None
    models.close()


def test_a_store_that_goes_and_comes_is_told_once_each_time(told: Told, counters: Counters, lines: list[str]) -> None:
    models = lineup(told)
    for registry, said in (("ok", None), ("away", "no answer"), ("away", "no answer"), ("ok", None), ("ok", None)):
        told.say(registry, said)
        look(models, told, counters)
        assert counters.registry.get_sample_value("roadworthy_registry_up") == (registry == "ok")
    assert events(lines) == ["registry_away", "registry_back"]
    assert json.loads(lines[0])["error"] == "no answer"


def test_a_reload_asks_the_store_first(told: Told) -> None:
    models = lineup(told)
    told.when_asked = lambda: told.name("served", "2")
    before, now = anyio.run(models.reload)
    assert (before.about["version"], now.about["version"], told.asked) == ("1", "2", 1)
    assert version(models) == "2"


def test_a_reload_of_what_never_changes_asks_nobody(told: Told, desk: Path) -> None:
    models = lineup(told, follows=False)
    anyio.run(models.reload)
    assert told.asked == 0
    assert models.state == {}
    own = lineup(None, model=desk, follows=False)
    anyio.run(own.follow, Counters())
    assert own.state == {}


def test_a_look_that_fails_is_followed_by_another(
    told: Told, counters: Counters, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.serve.lineup._LOOK_SECONDS", 0.01)
    models = lineup(told)

    async def scene() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(models.follow, counters)
            (told.folder / KNOWN).write_text("{")
            await until(lambda: "follow_failed" in events(lines))
            told.name("served", "2")
            await until(lambda: version(models) == "2")
            tasks.cancel_scope.cancel()

    anyio.run(scene)
    assert counters.registry.get_sample_value("roadworthy_registry_up") == 1


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():
            await anyio.sleep(0.005)


# The service around it


@pytest.fixture
def client(told: Told, portal: Any) -> Any:
    app = create_app(read_settings(model=CHAMPION), told)
    with portal.wrap_async_context_manager(app.router.lifespan_context(app)):
        yield Client(app, portal)


def test_the_service_says_which_version_answers_and_how_the_registry_is(client: Client, told: Told) -> None:
    answer = client.predict(FAMILIAR).json()
    assert answer["model"] == {"name": "intent", "version": "1"}
    assert [(row["model"], row["version"]) for row in client.rows()] == [("intent", "1")]
    ready = client.get("/readyz").json()
    assert (ready["status"], ready["registry"], ready["model"]["name"]) == ("ready", "ok", "intent")
    told.say("away", "no answer")
    told.look()
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["status"], ready.json()["registry"]) == (200, "degraded", "away")


class FakeFollower:
    """A follower that the service started, and that dies once."""

    def __init__(self, told: Told) -> None:
        self.told, self.pid, self.closed, self.died = told, 99, False, True
        self.known, self.registry, self.version, self.look = told.known, "ok", told.version, told.look

    def keep_alive(self) -> bool:
        died, self.died = self.died, False
        return died

    def close(self) -> None:
        self.closed = True


def test_a_follower_of_the_services_own_is_kept_alive_and_ends_with_it(
    told: Told, portal: Any, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = FakeFollower(told)
    monkeypatch.setattr("roadworthy.serve.service.start_following", lambda settings: follower)
    app = create_app(read_settings(model=CHAMPION))
    with portal.wrap_async_context_manager(app.router.lifespan_context(app)):
        portal.call(until, lambda: "follower_died" in events(lines))
        assert not follower.closed
    assert follower.closed


def test_a_service_that_does_not_start_leaves_no_follower(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.name("served", "1", broken=True)
    told.look()
    follower = FakeFollower(told)
    monkeypatch.setattr("roadworthy.serve.service.start_following", lambda settings: follower)
    with pytest.raises(Exception, match="does not load|not the file"):
        create_app(read_settings(model=CHAMPION))
    assert follower.closed
