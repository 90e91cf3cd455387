"""Which models are in service: the one that answers and the one in its shadow, and how others take their places."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from roadworthy.errors import named
from roadworthy.serve.loading import load_apart
from roadworthy.serve.shadow import Shadow
from roadworthy.serve.stored import SERVED, SHADOW, Role, Version, is_stored

if TYPE_CHECKING:
    from roadworthy.serve.counters import Counters
    from roadworthy.serve.following import Following
    from roadworthy.serve.served import Served
    from roadworthy.serve.settings import ServeSettings

_LOG = logging.getLogger("roadworthy.serve")
_LOOK_SECONDS = 0.5


class Lineup:
    """The models in service.

    Parameters
    ----------
    settings
        Which models these are.
    following
        What MLflow's store names; None where it is asked for none of them.
    follows
        Whether what it names may change.

    Raises
    ------
    RoadworthyError
        The model that answers does not load, or its shadow does not; a shadow that the store names may be missing.
    """

    def __init__(self, settings: ServeSettings, following: Following | None, *, follows: bool) -> None:
        self.settings = settings
        self._following = following
        self._follows = following if follows else None
        self._replacing = asyncio.Lock()
        # What the store named for each role when it was last loaded from there, and what of it did load.
        self._wanted: dict[Role, Version | None] = {}
        self._loaded: dict[Role, Version | None] = {}
        self.served = self._load_served()
        self.shadow = self._first_shadow()
        self._registry: str = "ok"
        self._said: str | None = None

    @property
    def state(self) -> dict[str, Any]:
        """How MLflow's registry is, and the version that it names where that does not load; empty without one."""
        if self._follows is None:
            return {}
        wanted = self._wanted.get(SERVED)
        missing = {"not_loaded": wanted.shown} if wanted is not None and wanted != self._loaded.get(SERVED) else {}
        return {"registry": self._follows.registry, **missing}

    def close(self) -> None:
        """Finish what the shadow is asked."""
        if self.shadow is not None:
            self.shadow.close()

    async def reload(self) -> tuple[Served, Served]:
        """Load all anew; every request that has begun is answered by the model it began with.

        Where the store is away, what it named last is loaded.

        Returns
        -------
        The model before and the model now.

        Raises
        ------
        RoadworthyError
            One of them does not load; all stays as it was.
        """
        async with self._replacing:
            if self._follows is not None:
                await asyncio.to_thread(self._follows.ask)
            before, served = self.served, await asyncio.to_thread(self._load_served)
            shadow = await asyncio.to_thread(self._load_shadow)
            self.served = served
            await self._replace_shadow(shadow)
            return before, served

    async def follow(self, counters: Counters) -> None:
        """Replace what MLflow's registry has replaced, for as long as the service runs."""
        if self._follows is None:
            return
        counters.registry_up.set(self._follows.registry == "ok")
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._look(self._follows, counters)
            except Exception as error:
                # Whatever is wrong with one look, the next one is made.
                _LOG.error("follow_failed", extra={"fields": {"error": named(error)}})

    async def _look(self, following: Following, counters: Counters) -> None:
        new = following.look()
        self._tell(following, counters)
        if not new:
            return
        async with self._replacing:
            for role in (SERVED, SHADOW):
                if role in self._wanted and _is_another(self._named(following, role), self._wanted[role]):
                    await self._change(role, counters)

    async def _change(self, role: Role, counters: Counters) -> None:
        """Put another model in the place of one; where it does not load, the one before goes on."""
        before = self._about(role)
        try:
            if role == SERVED:
                old, self.served = self.served, await asyncio.to_thread(self._load_served)
                counters.model(self.served, old)
            else:
                await self._replace_shadow(await asyncio.to_thread(self._load_shadow))
        except Exception as error:
            counters.change("failed")
            wanted = self._wanted[role]
            fields = {"role": role, "wanted": wanted and wanted.shown, "error": named(error), "still": before}
            _LOG.error("model_change_failed", extra={"fields": fields})
        else:
            counters.change("done")
            _LOG.info("model_changed", extra={"fields": {"role": role, "before": before, "now": self._about(role)}})

    def _tell(self, following: Following, counters: Counters) -> None:
        """Say so when the store goes away or comes back, or when something else is wrong with it."""
        registry, said = following.registry, following.known.said
        counters.registry_up.set(registry == "ok")
        if (registry, said) == (self._registry, self._said):
            return
        if registry == "away" or said is not None:
            event = "registry_away" if registry == "away" else "registry_problem"
            _LOG.warning(event, extra={"fields": {"error": said, "still": self.served.about}})
        else:
            _LOG.info("registry_back")
        self._registry, self._said = registry, said

    def _about(self, role: Role) -> dict[str, str | None] | None:
        served = self.served if role == SERVED else None if self.shadow is None else self.shadow.served
        return None if served is None else served.about

    async def _replace_shadow(self, shadow: Shadow | None) -> None:
        old, self.shadow = self.shadow, shadow
        if old is not None:
            await asyncio.to_thread(old.close)

    def _load_served(self) -> Served:
        found = self._load(SERVED, self.settings.model)
        # The store has named it once, or the service would not have started; it goes on where it is named no longer.
        assert found is not None
        return found

    def _load_shadow(self) -> Shadow | None:
        spec = self.settings.shadow
        found = None if spec is None else self._load(SHADOW, spec)
        return None if found is None else Shadow(found)

    def _first_shadow(self) -> Shadow | None:
        """The shadow to start with: a challenger that does not load must not keep the champion from its work."""
        try:
            return self._load_shadow()
        except Exception as error:
            if self.settings.shadow is None or not is_stored(self.settings.shadow):
                raise
            _LOG.error("model_change_failed", extra={"fields": {"role": SHADOW, "error": named(error), "still": None}})
            return None

    def _load(self, role: Role, spec: str) -> Served | None:
        allow_pickle = self.settings.allow_pickle
        if self._following is None or not is_stored(spec):
            return load_apart(spec, allow_pickle=allow_pickle)
        version = self._wanted[role] = self._named(self._following, role)
        found = None if version is None else _registered(version, allow_pickle=allow_pickle)
        self._loaded[role] = version
        return found

    def _named(self, following: Following, role: Role) -> Version | None:
        """What the store names for a role; the model that answers goes on where it is named no longer."""
        version = following.version(role)
        return self._loaded.get(SERVED) if version is None and role == SERVED else version


def _registered(version: Version, *, allow_pickle: bool) -> Served:
    """Load a version, which bears the store's names."""
    found = load_apart(str(version.folder), allow_pickle=allow_pickle)
    return replace(
        found,
        name=version.name,
        version=version.version or found.version,
        run=version.run or found.run,
        inspection=version.inspection or found.inspection,
    )


def _is_another(one: Version | None, other: Version | None) -> bool:
    """Whether it is another model: an inspection that was found later does not make it one."""
    return (one and (one.name, one.version, one.folder)) != (other and (other.name, other.version, other.folder))
