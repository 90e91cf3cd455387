"""A second model that is asked the same, behind the first one's back: its answers are logged and never sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roadworthy.models.guarded import Answer
    from roadworthy.serve.served import Served

_WAITING = 256

Answered = Callable[["Served", list["Answer"]], None]
Failed = Callable[[Exception], None]


class Shadow:
    """Asks the shadow model on a thread of its own; what it is too slow for is dropped, and that is counted.

    Parameters
    ----------
    served
        The shadow model.
    """

    def __init__(self, served: Served) -> None:
        self.served = served
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self._places = BoundedSemaphore(_WAITING)

    def ask(self, texts: Sequence[str], answered: Answered, failed: Failed) -> bool:
        """Ask later, and hand the answers over on its thread; False where too much waits already."""
        if not self._places.acquire(blocking=False):
            return False
        self._thread.submit(self._work, self.served, texts, answered, failed)
        return True

    def close(self) -> None:
        """Drop what waits, and finish what is being asked."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _work(self, served: Served, texts: Sequence[str], answered: Answered, failed: Failed) -> None:
        try:
            answered(served, served.answers(texts))
        except Exception as error:
            failed(error)
        finally:
            self._places.release()
