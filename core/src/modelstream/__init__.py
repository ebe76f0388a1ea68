"""Streams the answers of language models, from any provider to any output.

    import modelstream

    modelstream.init(model_configs="models.json", sinks=["terminal"])
    model = modelstream.load_model("my-gpt")
    for last, text in model("Hi", stream=True).stream:
        ...

Nothing is imported before it is used: `import modelstream` takes a few milliseconds, whatever is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "AgentBase": "agents",
    "AsyncModelResponse": "response",
    "AsyncStreamedResponse": "response",
    "AuthenticationError": "errors",
    "BadRequestError": "errors",
    "ConfigError": "errors",
    "ConnectionLostError": "errors",
    "ContentFilteredError": "errors",
    "Delta": "deltas",
    "DialogAgent": "agents",
    "Finish": "deltas",
    "MalformedDataError": "errors",
    "Message": "sinks.base",
    "MissingApiKeyError": "errors",
    "ModelConfig": "config",
    "ModelResponse": "response",
    "ModelStreamError": "errors",
    "ModelWrapper": "wrapper",
    "Msg": "agents",
    "Outcome": "sinks.base",
    "PluginLoadError": "errors",
    "ProviderError": "errors",
    "RateLimitError": "errors",
    "ReasoningDelta": "deltas",
    "Request": "request",
    "Snapshot": "snapshot",
    "StateDelta": "deltas",
    "StreamCancelledError": "errors",
    "StreamError": "errors",
    "StreamInUseError": "errors",
    "StreamSink": "sinks.base",
    "StreamTimeoutError": "errors",
    "StreamedResponse": "response",
    "TemporaryMemory": "agents",
    "TextDelta": "deltas",
    "ToolCall": "deltas",
    "ToolCallDelta": "deltas",
    "TruncatedStreamError": "errors",
    "UnknownConfigError": "errors",
    "UnknownConfigKeyError": "errors",
    "UnknownModelTypeError": "errors",
    "UnknownSinkTypeError": "errors",
    "Usage": "deltas",
    "UsageDelta": "deltas",
    "UserAgent": "agents",
    "ashow": "showing.show",
    "hookimpl": "hookspecs",
    "init": "program",
    "load_model": "models",
    "log_msg": "agents",
    "log_stream_msg": "agents",
    "register": "plugins",
    "show": "showing.show",
    "shutdown": "program",
    "unregister": "plugins",
}
"""Every public name and the module that defines it."""

__all__ = ["__version__", *_WHERE]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'modelstream' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"modelstream.{where}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:  # the same table for type checkers and editors
    from modelstream.agents import AgentBase as AgentBase
    from modelstream.agents import DialogAgent as DialogAgent
    from modelstream.agents import Msg as Msg
    from modelstream.agents import TemporaryMemory as TemporaryMemory
    from modelstream.agents import UserAgent as UserAgent
    from modelstream.agents import log_msg as log_msg
    from modelstream.agents import log_stream_msg as log_stream_msg
    from modelstream.config import ModelConfig as ModelConfig
    from modelstream.deltas import Delta as Delta
    from modelstream.deltas import Finish as Finish
    from modelstream.deltas import ReasoningDelta as ReasoningDelta
    from modelstream.deltas import StateDelta as StateDelta
    from modelstream.deltas import TextDelta as TextDelta
    from modelstream.deltas import ToolCall as ToolCall
    from modelstream.deltas import ToolCallDelta as ToolCallDelta
    from modelstream.deltas import Usage as Usage
    from modelstream.deltas import UsageDelta as UsageDelta
    from modelstream.errors import AuthenticationError as AuthenticationError
    from modelstream.errors import BadRequestError as BadRequestError
    from modelstream.errors import ConfigError as ConfigError
    from modelstream.errors import ConnectionLostError as ConnectionLostError
    from modelstream.errors import ContentFilteredError as ContentFilteredError
    from modelstream.errors import MalformedDataError as MalformedDataError
    from modelstream.errors import MissingApiKeyError as MissingApiKeyError
    from modelstream.errors import ModelStreamError as ModelStreamError
    from modelstream.errors import PluginLoadError as PluginLoadError
    from modelstream.errors import ProviderError as ProviderError
    from modelstream.errors import RateLimitError as RateLimitError
    from modelstream.errors import StreamCancelledError as StreamCancelledError
    from modelstream.errors import StreamError as StreamError
    from modelstream.errors import StreamInUseError as StreamInUseError
    from modelstream.errors import StreamTimeoutError as StreamTimeoutError
    from modelstream.errors import TruncatedStreamError as TruncatedStreamError
    from modelstream.errors import UnknownConfigError as UnknownConfigError
    from modelstream.errors import UnknownConfigKeyError as UnknownConfigKeyError
    from modelstream.errors import UnknownModelTypeError as UnknownModelTypeError
    from modelstream.errors import UnknownSinkTypeError as UnknownSinkTypeError
    from modelstream.hookspecs import hookimpl as hookimpl
    from modelstream.models import load_model as load_model
    from modelstream.plugins import register as register
    from modelstream.plugins import unregister as unregister
    from modelstream.program import init as init
    from modelstream.program import shutdown as shutdown
    from modelstream.request import Request as Request
    from modelstream.response import AsyncModelResponse as AsyncModelResponse
    from modelstream.response import AsyncStreamedResponse as AsyncStreamedResponse
    from modelstream.response import ModelResponse as ModelResponse
    from modelstream.response import StreamedResponse as StreamedResponse
    from modelstream.showing.show import ashow as ashow
    from modelstream.showing.show import show as show
    from modelstream.sinks.base import Message as Message
    from modelstream.sinks.base import Outcome as Outcome
    from modelstream.sinks.base import StreamSink as StreamSink
    from modelstream.snapshot import Snapshot as Snapshot
    from modelstream.wrapper import ModelWrapper as ModelWrapper
