"""The sinks of a program: created once, replaced by `init`, shut down at the end."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from itertools import compress
from operator import not_
from typing import TYPE_CHECKING

from modelstream.errors import PluginLoadError
from modelstream.per_process import at_process_end
from modelstream.plugins.registry import registry
from modelstream.sinks.delivery import background, delivery_of  # noqa: F401 - its atexit hook is to run later
from modelstream.sinks.delivery.waiting import seconds_left_at_exit, wait
from modelstream.sinks.reports import logger, name_of
from modelstream.sinks.specs import SinkSpec, as_sink

if TYPE_CHECKING:
    from modelstream.sinks.base import StreamSink

SHUTDOWN_SECONDS = 1.0
"""Total seconds that sinks have to finish when they are shut down."""

STUDIO = "MODELSTREAM_STUDIO"
"""The environment variable with the URL of a Studio that everything is also sent to."""


class ActiveSinks:
    """The sinks that `show` uses by default. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._sinks: tuple[StreamSink, ...] | None = None
        self._pid = os.getpid()

    def get(self) -> Sequence[StreamSink]:
        """The active sinks; without a call of `init`, the default ones."""
        sinks = self._sinks
        if sinks is None:
            with self._lock:
                if self._sinks is None:
                    self._keep(_create([*default_sinks(), *studio_from_environment()]))
                sinks = self._sinks
        return sinks or ()

    def replace(self, specs: Sequence[SinkSpec]) -> None:
        """Shut down the current sinks and create others. A sink object in both lists is left as it is.

        Raises `ConfigError` for a sink that can't be created; no sink is active then.
        """
        with self._lock:
            # The old ones first: they may hold the file or the port that the new ones need.
            leaving = [sink for sink in self._sinks or () if not any(one is sink for one in specs)]
            self._sinks = ()
            self._shut_down_own(leaving)
            self._keep(_create(specs))

    def shutdown(self, seconds: float = SHUTDOWN_SECONDS) -> None:
        """Let the sinks finish, shut them down, and forget that `init` was called."""
        with self._lock:
            leaving, self._sinks = self._sinks or (), None
            self._shut_down_own(leaving, seconds)

    def _shut_down_own(self, leaving: Iterable[StreamSink], seconds: float = SHUTDOWN_SECONDS) -> None:
        # In the child of a fork the sinks belong to the parent, which delivers what they hold.
        if self._pid == os.getpid():
            shut_down(leaving, seconds)

    def _keep(self, sinks: Iterable[StreamSink]) -> None:
        self._sinks = tuple(sinks)
        self._pid = os.getpid()
        at_process_end(_shut_down_at_exit)


def default_sinks() -> list[SinkSpec]:
    """The terminal sink, if it is installed and can be loaded."""
    if "terminal" not in registry().names("sink"):
        return []
    try:
        return [registry().sink("terminal")]
    except PluginLoadError as error:
        logger.warning("the sink 'terminal' is not used: %s", error)
        return []


def studio_from_environment() -> list[SinkSpec]:
    """The Studio named in the environment, if any."""
    url = os.environ.get(STUDIO)
    return [{"sink_type": "studio", "url": url}] if url else []


def shut_down(sinks: Iterable[StreamSink], seconds: float = SHUTDOWN_SECONDS) -> None:
    """Let sinks finish and shut them down, within `seconds` in total. Sinks that hang are abandoned."""
    deliveries = [delivery_of(sink) for sink in sinks]
    done = wait([delivery.end for delivery in deliveries], seconds)
    for delivery in compress(deliveries, map(not_, done)):
        logger.warning("sink %s did not finish in time: its output may be incomplete", name_of(delivery.sink))


def _create(specs: Iterable[SinkSpec]) -> list[StreamSink]:
    """Create all sinks; if one fails, shut down the others and raise."""
    sinks: list[StreamSink] = []
    try:
        sinks.extend(map(as_sink, specs))
    except BaseException:
        shut_down(sinks)
        raise
    return sinks


def _shut_down_at_exit() -> None:
    active.shutdown(seconds_left_at_exit())


active = ActiveSinks()
# Registered after the hook of `background`, so that it runs before it: the active sinks are shut down first,
# then the program waits for all other background sinks.
at_process_end(_shut_down_at_exit)
