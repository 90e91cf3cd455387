"""What was downloaded once is there the next time, and what nobody uses any more goes."""

import os
import time
from pathlib import Path

import pytest

from roadworthy.errors import OutputError
from roadworthy.serve.model_cache import ModelCache
from roadworthy.serve.stored import Version


@pytest.fixture
def cache(tmp_path: Path) -> ModelCache:
    return ModelCache(tmp_path / "models.cache")


class Downloads:
    """Downloads that are counted; each puts its model below the folder that it is given."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, folder: Path) -> Path:
        self.made += 1
        (folder / "model").mkdir()
        (folder / "model" / "MLmodel").write_text(str(self.made))
        return folder / "model"


def names(cache: ModelCache) -> set[str]:
    return {path.name for path in cache._folder.iterdir()}


def age(place: Path, days: float) -> None:
    then = time.time() - days * 86_400
    os.utime(place, (then, then))


def test_a_model_is_downloaded_once_and_told_from_others_by_all_of_its_key(cache: ModelCache) -> None:
    download = Downloads()
    place = cache.get("store", "desk", 1, download=download)
    assert (place / "MLmodel").read_text() == "1"
    assert cache.get("store", "desk", 1, download=download) == place
    assert cache.get("other store", "desk", 1, download=download) != place
    assert download.made == 2
    assert len(names(cache)) == 2


def test_a_download_that_fails_leaves_nothing(cache: ModelCache) -> None:
    def fails(folder: Path) -> Path:
        (folder / "half").write_text("a model")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        cache.get("desk", download=fails)
    assert not cache._folder.exists()


def test_a_download_that_fails_leaves_what_was_there(cache: ModelCache) -> None:
    cache.get("desk", download=Downloads())
    with pytest.raises(ZeroDivisionError):
        cache.get("other", download=lambda folder: folder / str(1 // 0))
    assert len(names(cache)) == 1


def test_another_service_may_be_quicker(cache: ModelCache) -> None:
    def slow(folder: Path) -> Path:
        cache.get("desk", download=Downloads())
        return Downloads()(folder)

    assert (cache.get("desk", download=slow) / "MLmodel").read_text() == "1"
    assert len(names(cache)) == 1


def test_what_cannot_be_put_in_its_place_is_told(cache: ModelCache) -> None:
    with pytest.raises(FileNotFoundError):
        cache.get("desk", download=lambda folder: folder / "nowhere")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made .*; name another with --model-cache"):
        ModelCache(tmp_path / "file" / "models.cache")


def test_what_was_not_used_for_hours_goes_except_for_the_last_two(cache: ModelCache) -> None:
    places = [cache.get("desk", number, download=Downloads()) for number in range(6)]
    for days, place in enumerate(reversed(places), start=1):
        age(place, days)
    cache.sweep([places[0]])
    assert {place for place in places if place.exists()} == {places[0], places[4], places[5]}
    # What is in use was marked, so that another service that shares the cache leaves it.
    cache.sweep([])
    assert places[0].exists()


def test_what_was_used_lately_stays_whoever_uses_it(cache: ModelCache) -> None:
    places = [cache.get("desk", number, download=Downloads()) for number in range(6)]
    cache.sweep([])
    assert all(place.exists() for place in places)


def test_what_a_download_left_when_it_was_killed_goes_after_a_day(cache: ModelCache) -> None:
    for name, days in ((".old", 2.0), (".new", 0.5)):
        (cache._folder / name).mkdir(parents=True)
        age(cache._folder / name, days)
    cache.sweep([cache._folder / "gone"])
    assert names(cache) == {".new"}


def test_what_has_gone_meanwhile_is_no_error(cache: ModelCache, monkeypatch: pytest.MonkeyPatch) -> None:
    place = cache.get("desk", download=Downloads())
    monkeypatch.setattr(Path, "glob", lambda *_: [place, cache._folder / "gone"])
    cache.sweep([])
    assert place.exists()


def test_what_was_named_last_is_remembered_as_long_as_it_is_here(cache: ModelCache) -> None:
    version = Version(name="desk", version="3", folder=cache.get("desk", 3, download=Downloads()))
    assert cache.recall("store", "models:/desk@champion") is None
    cache.remember("store", "models:/desk@champion", version=version)
    assert cache.recall("store", "models:/desk@champion") == version
    assert cache.recall("other store", "models:/desk@champion") is None
    version.folder.rename(version.folder.with_name("moved"))
    assert cache.recall("store", "models:/desk@champion") is None
