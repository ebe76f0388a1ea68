"""Turn what users pass as `sinks=` into sink objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelstream._suggest import close_name, listed
from modelstream.errors import ConfigError
from modelstream.sinks.base import Message, StreamSink
from modelstream.sinks.delivery import delivery_of, reopen, validate

if TYPE_CHECKING:
    from modelstream.snapshot import Snapshot

SinkSpec = str | Mapping[str, Any] | StreamSink | type[StreamSink] | Callable[["Message", "Snapshot"], Any]
"""A sink_type, a dict with one, a sink, a sink class, or a function of message and snapshot."""


class FunctionSink(StreamSink):
    """A plain function as a background sink: it is called with every message and snapshot."""

    def __init__(self, function: Callable[[Message, Snapshot], Any]) -> None:
        self.sink_type = getattr(function, "__name__", type(function).__name__)  # type: ignore[misc]
        self._function = function

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Call the function."""
        self._function(message, snapshot)


def as_list(specs: SinkSpec | Iterable[SinkSpec]) -> list[SinkSpec]:
    """The argument `sinks` as a list; it may be a single sink."""
    if isinstance(specs, str | Mapping | StreamSink) or not isinstance(specs, Iterable):
        return [specs]
    return list(specs)


def sink_type_of(spec: SinkSpec) -> str | None:
    """The sink_type of a spec, if it has one."""
    found = spec.get("sink_type") if isinstance(spec, Mapping) else getattr(spec, "sink_type", spec)
    return found if isinstance(found, str) else None


def as_sink(spec: SinkSpec) -> StreamSink:
    """The sink that a spec describes. Raises `ConfigError` for an invalid spec or an invalid sink."""
    if isinstance(spec, StreamSink):
        reopen(spec)
    sink = _sink_of(spec)
    validate(sink)
    return sink


def _sink_of(spec: SinkSpec) -> StreamSink:
    if isinstance(spec, StreamSink):
        return spec
    if isinstance(spec, str):
        return _from_plugin(spec, {})
    if isinstance(spec, Mapping):
        return _from_plugin(_sink_type(spec), {key: spec[key] for key in spec if key != "sink_type"})
    if isinstance(spec, type) and issubclass(spec, StreamSink):
        return spec()
    if callable(spec):
        _check_signature(spec)
        return FunctionSink(spec)
    raise ConfigError(
        f"sinks: {spec!r:.80} is not a sink."
        "\nPass a sink_type, a dict with one, a StreamSink object, or a function of message and snapshot."
    )


@contextmanager
def temporary_sinks(sinks_argument: SinkSpec | Iterable[SinkSpec]) -> Iterator[list[StreamSink]]:
    """Sinks for one use: those that are not sink objects are created, and shut down afterwards."""
    specs = as_list(sinks_argument)
    sinks: list[StreamSink] = []
    try:
        sinks.extend(map(as_sink, specs))
        yield sinks
    finally:
        for spec, sink in zip(specs, sinks, strict=False):
            if spec is not sink:
                delivery_of(sink).end(_nothing)


def _from_plugin(sink_type: str, options: Mapping[str, Any]) -> StreamSink:
    from modelstream.plugins.registry import registry

    return registry().sink(sink_type, options)


def _sink_type(spec: Mapping[str, Any]) -> str:
    sink_type = spec.get("sink_type")
    if isinstance(sink_type, str) and sink_type:
        return sink_type
    if "sink_type" in spec:
        raise ConfigError(f"sinks: sink_type is {sink_type!r}; expected a name.")
    close = close_name("sink_type", map(str, spec))
    hint = f" Did you mean 'sink_type' instead of {close!r}?" if close else ""
    raise ConfigError(f"sinks: a dict without 'sink_type', with {listed(map(repr, spec))}.{hint}")


def _check_signature(function: Callable[..., Any]) -> None:
    import inspect

    if inspect.iscoroutinefunction(function):
        raise ConfigError(f"sinks: {function.__qualname__} is async; sinks are called from threads.")
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as why:
        name = getattr(function, "__qualname__", repr(function))
        raise ConfigError(f"sinks: {name} can't be called with (message, snapshot): {why}.") from why
    except ValueError:  # a C function without a signature
        pass


def _nothing() -> None:
    pass
