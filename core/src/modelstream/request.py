"""The request that a model wrapper receives, and how it learns that the call was cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelstream.call.timeouts import Timeouts
    from modelstream.deltas import Yielded

ChatMessage = dict[str, Any]

_PORTS = {"http": 80, "https": 443}


class Request:
    """One call to a model: read by the wrapper, cancelled by the core.

    `messages` are dicts with at least `role` and `content`. `stream` says whether the caller wants the
    answer while it is being written. `arguments` are the provider's own call arguments (`temperature`,
    `tools`, …): the config's `generate_args` overridden by those of the call. `raw_chunks` is a list to
    which the wrapper appends the provider's unchanged chunks when the caller requested them, else None.

    `hand_on` is for an `adeltas` whose data comes in callbacks of its event loop: called there with what
    would otherwise be yielded, it passes that to the readers at once, without a task in between. When it
    returns False, the wrapper must yield (None will do) before it calls it again: the readers are far behind,
    or gone. It is None where deltas can only be yielded.
    """

    __slots__ = (
        "_callbacks",
        "_cancelled",
        "_lock",
        "_original",
        "_timeouts",
        "arguments",
        "hand_on",
        "messages",
        "raw_chunks",
        "stream",
    )

    def __init__(
        self,
        messages: Sequence[ChatMessage],
        *,
        stream: bool = True,
        arguments: Mapping[str, Any] | None = None,
        keep_raw: bool = False,
    ) -> None:
        # Kept for retries: a wrapper may modify its messages and arguments.
        self._original = (list(messages), dict(arguments or {}))
        self.messages: list[ChatMessage] = [dict(message) for message in messages]
        self.stream: bool = stream
        self.arguments: dict[str, Any] = dict(arguments or {})
        self.raw_chunks: list[Any] | None = [] if keep_raw else None
        self.hand_on: Callable[[Yielded], bool] | None = None
        self._timeouts: Timeouts | None = None
        self._cancelled = False
        self._callbacks: list[Callable[[], None]] = []
        # Reentrant: a signal handler or the collector may cancel while its thread registers a callback.
        self._lock = threading.RLock()

    @contextmanager
    def loading(self) -> Iterator[None]:
        """A context for imports, as an SDK may take seconds to load: this time counts for no timeout.

        Not for what waits for the provider: in this context no timeout expires.
        """
        if self._timeouts is None:
            yield
            return
        self._timeouts.suspend()
        try:
            yield
        finally:
            self._timeouts.resume()

    def set_timeouts(self, timeouts: Timeouts) -> None:
        """Set the timeouts of the call. Internal."""
        self._timeouts = timeouts

    @property
    def cancelled(self) -> bool:
        """Whether the call was cancelled. A wrapper that computes checks it from time to time."""
        return self._cancelled

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, once, when this call is cancelled or one of its timeouts expires.

        This is how a wrapper that blocks (in a socket, in an engine) is woken: the callback makes the
        blocking call return or raise. It runs in the thread that cancels, never in the one that
        blocks; what it raises is ignored. If the call is cancelled already it runs at once.
        """
        with self._lock:
            self._callbacks.append(callback)
            late = self._cancelled
        if late:
            self.cancel()

    def cancel(self) -> None:
        """Tell the wrapper that the answer is no longer wanted. Called by the core, from any thread."""
        with self._lock:
            self._cancelled = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            _quietly(callback)

    def renewed(self) -> Request:
        """A copy of the original request for a retry, without the callbacks of the last attempt."""
        messages, arguments = self._original
        fresh = Request(messages, stream=self.stream, arguments=arguments)
        fresh.raw_chunks = self.raw_chunks
        fresh.hand_on = self.hand_on
        fresh._timeouts = self._timeouts
        return fresh


def bare_url(url: str) -> str:
    """A URL reduced to what identifies a server, without user, query, or anything that could be a secret."""
    from urllib.parse import urlsplit  # here, because few calls have state

    parts = urlsplit(url.strip())
    if not parts.hostname:
        return url.partition("?")[0].rstrip("/")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def _quietly(callback: Callable[[], None]) -> None:
    # The callback belongs to a plugin and runs while the call is already ending: its exception must not
    # hide the reason.
    with suppress(Exception):
        callback()
