"""Where a group of rows becomes durable: the database, or the spool while the database is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from roadworthy.prediction_log.database import LogError, said
from roadworthy.prediction_log.insert import Inserter
from roadworthy.prediction_log.rows import Group
from roadworthy.prediction_log.spool import Spool, Tell

State = Literal["ok", "spooling", "failing"]

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 10.0


class Store:
    """Keeps every group once: in the database, or in the spool until that is replayed.

    Used by one thread; `state` may be read by any.

    Parameters
    ----------
    inserter
        Writes to the database.
    spool
        Takes what the database does not.
    tell
        Called with the name and the fields of an event: `log_away`, `log_failing`, `log_back`, `spool_replayed`.
    clock
        Seconds that never run backwards.
    """

    def __init__(
        self, inserter: Inserter, spool: Spool, tell: Tell, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.state: State = "ok"
        self._inserter = inserter
        self._spool = spool
        self._tell = tell
        self._clock = clock
        self._pause = FIRST_PAUSE
        self._retry_at = 0.0
        self._away_since: float | None = None
        self._replayed = 0

    @property
    def spooled(self) -> int:
        """How many rows wait in the spool."""
        return self._spool.rows

    def open(self) -> None:
        """Connect, and take over what other processes left in the spool.

        Raises
        ------
        LogError
            The database is none that the log can be kept in.
        """
        self._spool.take_over()
        try:
            self._inserter.connect()
        except LogError:
            raise
        except Exception as error:  # noqa: BLE001, RUF100 (whatever the driver says, the rows are kept)
            self._is_away(error)
        else:
            self.state = "ok" if self._spool.empty else "spooling"

    def start(self) -> None:
        """Start what works beside the writer."""
        self._inserter.start()

    def keep(self, group: Group) -> None:
        """Make a group durable.

        Raises
        ------
        LogError
            Neither the database nor the spool takes it.
        """
        if self.state == "ok":
            try:
                self._inserter.insert(group)
            except Exception as error:  # noqa: BLE001, RUF100 (whatever the driver says, the rows are kept)
                self._is_away(error)
            else:
                return
        self._into_spool(group)

    def seconds_to_retry(self) -> float | None:
        """In how many seconds `recover` is due; None while all is well."""
        return None if self.state == "ok" else max(0.0, self._retry_at - self._clock())

    def recover(self, *, now: bool = False) -> bool:
        """Replay a batch of the spool, if that is due; whether there is more to do at once."""
        if self.state == "ok" or (not now and self._clock() < self._retry_at):
            return False
        try:
            return self._replay()
        except Exception as error:  # noqa: BLE001, RUF100 (whatever the driver says, the rows stay in the spool)
            self._is_away(error)
            if self.state == "failing":
                self._try_spool()
            return False

    def close(self) -> None:
        """Close the connection and the spool; what waits in the spool stays there."""
        self._inserter.close()
        self._spool.close()

    def _replay(self) -> bool:
        self._inserter.connect()
        self._look_for_more()
        batch = self._spool.next_batch()
        if batch is not None:
            self._inserter.insert(batch)
            self._spool.batch_is_kept()
            self._replayed += len(batch)
            self.state = "spooling"
            self._pause, self._retry_at = FIRST_PAUSE, 0.0
            # Rows may come without a break: were the end not seen here, the next of them would be spooled as well.
            self._look_for_more()
        if self._spool.empty:
            self._is_back()
        return self.state != "ok"

    def _look_for_more(self) -> None:
        if self._spool.empty:
            self._spool.take_over()

    def _into_spool(self, group: Group) -> None:
        try:
            self._spool.append(group)
        except OSError as error:
            if self._clock() >= self._retry_at and self._into_database(group):
                return
            raise self._fails(error) from None
        if self.state == "failing":
            self.state = "spooling"

    def _into_database(self, group: Group) -> bool:
        """The last resort where the spool takes nothing: the database may be back."""
        try:
            self._inserter.insert(group)
        except Exception as error:  # noqa: BLE001, RUF100 (the caller says that nothing can be kept)
            self._is_away(error)
            return False
        self.state, self._retry_at = "spooling", 0.0
        return True

    def _fails(self, error: OSError) -> LogError:
        reason = f"nothing can be logged: the database is away, and the spool takes nothing ({said(error)})"
        if self.state != "failing":
            self.state = "failing"
            self._tell("log_failing", {"error": reason})
        return LogError(reason, where=self._spool.folder, mend="free space on its disk, or bring the database back")

    def _try_spool(self) -> None:
        try:
            self._spool.probe()
        except OSError:
            return
        self.state = "spooling"

    def _is_away(self, error: Exception) -> None:
        now = self._clock()
        if self.state == "ok":
            self.state, self._pause = "spooling", FIRST_PAUSE
        if self._away_since is None:
            self._away_since = now
            self._tell("log_away", {"error": said(error)})
        self._retry_at = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _is_back(self) -> None:
        if self._replayed:
            self._tell("spool_replayed", {"rows": self._replayed})
        if self._away_since is not None:
            self._tell("log_back", {"seconds": round(self._clock() - self._away_since, 3)})
        self.state, self._away_since, self._replayed = "ok", None, 0
