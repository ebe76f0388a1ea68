"""An LLM's answer, while it is being written, from any provider to any place where people read it.

    import modelstream

    modelstream.init(model_configs="models.json", sinks=["terminal"])
    model = modelstream.load_model("my-gpt")
    for last, text in model("Hi", stream=True).stream:
        ...

Nothing is imported before it is used: `import modelstream` costs a few milliseconds whatever is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "AgentBase": "agents",
    "AsyncModelResponse": "response",
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
    "StreamCancelledError": "errors",
    "StreamError": "errors",
    "StreamInUseError": "errors",
    "StreamSink": "sinks.base",
    "StreamTimeoutError": "errors",
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
    "ashow": "show",
    "hookimpl": "hookspecs",
    "init": "setup",
    "load_model": "config",
    "log_msg": "agents",
    "log_stream_msg": "agents",
    "register": "plugins",
    "show": "show",
    "shutdown": "setup",
}
"""Every public name and the module that it lives in."""

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


if TYPE_CHECKING:
    from modelstream.agents import AgentBase as AgentBase
