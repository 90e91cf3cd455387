"""A registry in memory, with the calls of MLflow's client that a release makes, each of which can be watched."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

WATCHED = Callable[[str], None]


class StoreError(Exception):
    """What MLflow's client raises, as far as its error code goes."""

    def __init__(self, said: str, error_code: str = "RESOURCE_DOES_NOT_EXIST") -> None:
        super().__init__(said)
        self.error_code = error_code


class Killed(BaseException):
    """Stands for the end of the process."""


@dataclass
class MemoryModel:
    aliases: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class MemoryStore:
    models: dict[str, MemoryModel] = field(default_factory=dict)
    runs: list[Any] = field(default_factory=list)

    def add(self, name: str, *versions: str, **aliases: str) -> MemoryModel:
        model = self.models.setdefault(name, MemoryModel())
        model.versions.update({version: {} for version in versions})
        model.aliases.update(aliases)
        return model

    def inspect(
        self,
        name: str,
        version: str,
        *,
        gate: str | None = "pass",
        champion: str = "",
        status: str = "FINISHED",
        **tags: str,
    ) -> str:
        """An inspection of a version, newer than those before it."""
        run = f"run{len(self.runs)}"
        known = {
            "roadworthy.kind": "inspection",
            "roadworthy.registered_model": name,
            "roadworthy.model_version": version,
            "roadworthy.champion_version": champion,
            **({} if gate is None else {"roadworthy.gate": gate}),
            **{tag.replace("__", "."): value for tag, value in tags.items()},
        }
        # MLflow counts whole milliseconds; here moves follow one another faster than that.
        info = SimpleNamespace(run_id=run, status=status, start_time=datetime.now(UTC).timestamp() * 1000)
        self.runs.insert(0, SimpleNamespace(info=info, data=SimpleNamespace(tags=known)))
        return run

    def expire_leases(self, name: str) -> None:
        past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        tags = self.models[name].tags
        for key in [key for key in tags if key.startswith("roadworthy.lease.")]:
            tags[key] = json.dumps({"holder": "one who was killed", "until": past})


class Page(list[Any]):
    token: str | None = None


class MemoryClient:
    """One process's view of the store.

    Parameters
    ----------
    before, after
        Called with the name of each call, before and after it has taken effect.
    """

    def __init__(
        self, store: MemoryStore, before: WATCHED = lambda _: None, after: WATCHED = lambda _: None, page: int = 2
    ) -> None:
        self._store = store
        self._before = before
        self._after = after
        self._page = page

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if name.startswith("_"):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            self._before(name)
            answer = found(*arguments, **options)
            self._after(name)
            return answer

        return call

    def get_registered_model(self, name: str) -> Any:
        model = self._model(name)
        return SimpleNamespace(name=name, aliases=dict(model.aliases), tags=dict(model.tags))

    def set_registered_model_tag(self, name: str, key: str, value: str) -> None:
        self._model(name).tags[key] = value

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        self._model(name).tags.pop(key, None)

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        self._version(name, version)
        self._model(name).aliases[alias] = version

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self._model(name).aliases.pop(alias, None)

    def get_model_version(self, name: str, version: str) -> Any:
        self._version(name, version)
        return SimpleNamespace(name=name, version=version, run_id="" if version == "1" else f"trained{version}")

    def get_model_version_by_alias(self, name: str, alias: str) -> Any:
        if alias not in self._model(name).aliases:
            raise StoreError(f"Registered model alias {alias} not found.", "INVALID_PARAMETER_VALUE")
        return SimpleNamespace(version=self._model(name).aliases[alias])

    def set_model_version_tag(self, name: str, version: str, key: str, value: str) -> None:
        self._version(name, version)[key] = value

    def search_experiments(self) -> list[Any]:
        return [SimpleNamespace(experiment_id="0")]

    def search_runs(self, experiments: list[str], asked: str, *, page_token: str | None = None, **_: Any) -> Page:
        version = asked.rpartition(" = ")[2].strip("'")
        found = [run for run in self._store.runs if run.data.tags["roadworthy.model_version"] == version]
        start = int(page_token or 0)
        page = Page(itertools.islice(found, start, start + self._page))
        page.token = str(start + self._page) if start + self._page < len(found) else None
        return page

    def _model(self, name: str) -> MemoryModel:
        if name not in self._store.models:
            raise StoreError(f"Registered Model with name={name} not found")
        return self._store.models[name]

    def _version(self, name: str, version: str) -> dict[str, str]:
        if version not in self._model(name).versions:
            raise StoreError(f"Model Version (name={name}, version={version}) not found")
        return self._model(name).versions[version]
