"""What tests stand on: of model wrappers, of sinks, and of applications.

For authors of plugins: `WrapperConformance` with a `Wire`, and `SinkConformance`. For what is special to one
provider, the modules `server` (a real server that misbehaves as a script says), `calls` (call a model and
keep all that its caller sees) and `fixtures` (both as pytest fixtures). For authors of applications:
`scripted`. The kit needs `pip install "modelstream[testing]"`. The rest of modelstream imports nothing of
this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

_WHERE = {
    "JsonArrayWire": "wire",
    "LawBrokenError": "_kit.law",
    "NdjsonWire": "wire",
    "OpenAIWire": "openai_wire",
    "Script": "_kit.script",
    "ScriptedChat": "scripted_chat",
    "SinkConformance": "sink_conformance",
    "SseWire": "wire",
    "Wire": "wire",
    "WrapperConformance": "conformance",
    "scripted": "scripted_chat",
}

__all__ = [*_WHERE]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'modelstream.testing' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"modelstream.testing.{where}"), name)


if TYPE_CHECKING:  # the same table for type checkers and editors
    from modelstream.testing._kit.law import LawBrokenError as LawBrokenError
    from modelstream.testing._kit.script import Script as Script
    from modelstream.testing.conformance import WrapperConformance as WrapperConformance
    from modelstream.testing.openai_wire import OpenAIWire as OpenAIWire
    from modelstream.testing.scripted_chat import ScriptedChat as ScriptedChat
    from modelstream.testing.scripted_chat import scripted as scripted
    from modelstream.testing.sink_conformance import SinkConformance as SinkConformance
    from modelstream.testing.wire import JsonArrayWire as JsonArrayWire
    from modelstream.testing.wire import NdjsonWire as NdjsonWire
    from modelstream.testing.wire import SseWire as SseWire
    from modelstream.testing.wire import Wire as Wire
