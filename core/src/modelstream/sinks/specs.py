"""The sinks that a user names, in any of the ways there are, as sink objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelstream._suggest import close_name, listed
from modelstream.errors import ConfigError
from modelstream.sinks.base import Message, StreamSink
from modelstream.sinks.delivery import delivery_of, use_again

if TYPE_CHECKING:
    from modelstream.snapshot import Snapshot

SinkSpec = str | Mapping[str, Any] | StreamSink | type[StreamSink] | Callable[["Message", "Snapshot"], Any]
"""A sink_type, a dict with one, a sink, a class of sinks, or a function of message and snapshot."""


class FunctionSink(StreamSink):
    """A plain function as a sink: it is called with every message and snapshot, in the background."""

    def __init__(self, function: Callable[[Message, Snapshot], Any]) -> None:
        self.sink_type = getattr(function, "__name__", type(function).__name__)  # type: ignore[misc]
        self._function = function

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Call the function."""
        self._function(message, snapshot)


def each(given: SinkSpec | Iterable[SinkSpec]) -> list[SinkSpec]:
    """What was given for `sinks`, as a list: one sink may stand for itself."""
    if isinstance(given, str | Mapping | StreamSink) or not isinstance(given, Iterable):
        return [given]
    return list(given)


def sink_type_of(given: SinkSpec) -> str | None:
    """The sink_type that is asked for, if any is."""
    found = given.get("sink_type") if isinstance(given, Mapping) else getattr(given, "sink_type", given)
    return found if isinstance(found, str) else None


def as_sink(given: SinkSpec) -> StreamSink:
    """The sink that is meant. Raises `ConfigError` for what can't be one."""
    if isinstance(given, StreamSink):
        use_again(given)
        return given
    if isinstance(given, str):
        return _from_plugin(given, {})
    if isinstance(given, Mapping):
        return _from_plugin(_sink_type(given), {key: given[key] for key in given if key != "sink_type"})
    if isinstance(given, type) and issubclass(given, StreamSink):
        return given()
    if callable(given):
        _must_take_two(given)
        return FunctionSink(given)
    raise ConfigError(
        f"sinks: {given!r:.80} is no sink."
        "\nGive a sink_type, a dict with one, a StreamSink object, or a function of message and snapshot."
    )


@contextmanager
def lent(given: SinkSpec | Iterable[SinkSpec]) -> Iterator[list[StreamSink]]:
    """The sinks for one use. Those that were made for it are shut down after it."""
    all_given = each(given)
    sinks: list[StreamSink] = []
    try:
        sinks.extend(map(as_sink, all_given))
        yield sinks
    finally:
        for one, sink in zip(all_given, sinks, strict=False):
            if one is not sink:
                delivery_of(sink).end(_nothing)


def _from_plugin(sink_type: str, options: Mapping[str, Any]) -> StreamSink:
    from modelstream.plugins.registry import registry

    return registry().sink(sink_type, options)


def _sink_type(given: Mapping[str, Any]) -> str:
    sink_type = given.get("sink_type")
    if isinstance(sink_type, str) and sink_type:
        return sink_type
    if "sink_type" in given:
        raise ConfigError(f"sinks: sink_type is {sink_type!r}; expected a name.")
    close = close_name("sink_type", map(str, given))
    hint = f" Did you mean 'sink_type' where it says {close!r}?" if close else ""
    raise ConfigError(f"sinks: a dict without 'sink_type', with {listed(map(repr, given))}.{hint}")


def _must_take_two(function: Callable[..., Any]) -> None:
    import inspect

    if inspect.iscoroutinefunction(function):
        raise ConfigError(f"sinks: {function.__qualname__} is async; sinks are called from threads.")
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as why:
        name = getattr(function, "__qualname__", repr(function))
        raise ConfigError(f"sinks: {name} can't be called with (message, snapshot): {why}.") from why
    except ValueError:  # written in C, without a signature
        pass


def _nothing() -> None:
    pass
