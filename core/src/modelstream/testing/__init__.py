"""Test tools for authors of model wrappers, sinks and applications.

For authors of plugins: `WrapperConformance` with a `Wire` or a `Dialect`, `DialectConformance` and
`SinkConformance`. For tests of what is specific to one provider, the modules `server` (a real server that
misbehaves as scripted), `calls` (call a model and record what its caller sees) and `fixtures` (both as pytest
fixtures). For authors of applications: `scripted`. The kit needs `pip install "modelstream[testing]"`. The
rest of modelstream does not import this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_WHERE = {
    "DialectConformance": "modelstream.testing.dialect_conformance",
    "JsonArrayWire": "modelstream.wire.writing",
    "LawBrokenError": "modelstream.testing._kit.law",
    "NdjsonWire": "modelstream.wire.writing",
    "OpenAIWire": "modelstream.testing.openai_wire",
    "Script": "modelstream.testing._kit.script",
    "ScriptedChat": "modelstream.testing.scripted_chat",
    "SinkConformance": "modelstream.testing.sink_conformance",
    "SseWire": "modelstream.wire.writing",
    "Wire": "modelstream.wire.writing",
    "WrapperConformance": "modelstream.testing.conformance",
    "scripted": "modelstream.testing.scripted_chat",
}

__all__ = [*_WHERE]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'modelstream.testing' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(where), name)


if TYPE_CHECKING:  # the same table for type checkers and editors
    from modelstream.testing._kit.law import LawBrokenError as LawBrokenError
    from modelstream.testing._kit.script import Script as Script
    from modelstream.testing.conformance import WrapperConformance as WrapperConformance
    from modelstream.testing.dialect_conformance import DialectConformance as DialectConformance
    from modelstream.testing.openai_wire import OpenAIWire as OpenAIWire
    from modelstream.testing.scripted_chat import ScriptedChat as ScriptedChat
    from modelstream.testing.scripted_chat import scripted as scripted
    from modelstream.testing.sink_conformance import SinkConformance as SinkConformance
    from modelstream.wire.writing import JsonArrayWire as JsonArrayWire
    from modelstream.wire.writing import NdjsonWire as NdjsonWire
    from modelstream.wire.writing import SseWire as SseWire
    from modelstream.wire.writing import Wire as Wire
