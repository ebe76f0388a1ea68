"""Calls of `/api/chat`, written and read; those of `/api/generate` are read as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelstream.errors import BadRequestError
from modelstream.wire import ChatRequest, WrittenRequest, response_format
from modelstream_ollama.messages import invalid, read_messages, read_prompt, write_messages

CHAT = "/api/chat"
GENERATE = "/api/generate"

_OPTIONS = frozenset(
    {
        "frequency_penalty",
        "min_p",
        "mirostat",
        "mirostat_eta",
        "mirostat_tau",
        "num_batch",
        "num_ctx",
        "num_gpu",
        "num_keep",
        "num_predict",
        "num_thread",
        "penalize_newline",
        "presence_penalty",
        "repeat_last_n",
        "repeat_penalty",
        "seed",
        "stop",
        "temperature",
        "tfs_z",
        "top_k",
        "top_p",
        "typical_p",
    }
)
_RENAMED = {"max_tokens": "num_predict", "max_completion_tokens": "num_predict"}


def write(request: ChatRequest) -> WrittenRequest:
    """The request; arguments that are None are left to the server."""
    arguments, options = split_options(request.arguments)
    body = {
        "model": request.model,
        **_with_format(arguments),
        "messages": write_messages(request.messages),
        "stream": request.stream,
        "options": options or None,
    }
    return WrittenRequest(CHAT, {name: value for name, value in body.items() if value is not None})


def _with_format(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with the format of the answer as Ollama's `format`, also if it has OpenAI's name."""
    others = dict(arguments)
    wanted = response_format(others.pop("response_format", None))
    own = response_format(others.pop("format", None))
    if own is not None:
        return {**others, "format": _schema(own) if isinstance(arguments["format"], type) else own}
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    if kind == "json_schema":
        return {**others, "format": _schema(wanted) or "json"}
    if kind == "json_object":
        return {**others, "format": "json"}
    return others if kind == "text" or wanted is None else {**others, "response_format": wanted}


def _schema(wanted: Mapping[str, Any]) -> Any:
    named = wanted.get("json_schema")
    return named.get("schema") if isinstance(named, Mapping) else None


def split_options(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of a call, and among them the model's parameters, which belong into `options`.

    The server ignores a `temperature` beside `options` without an error. Raises `BadRequestError`.
    """
    others = dict(arguments)
    options = others.pop("options", None) or {}
    if not isinstance(options, Mapping):
        raise BadRequestError(f"options is {options!r}: expected a dict such as {{'temperature': 0}}.")
    loose = [name for name in arguments if name in _OPTIONS or name in _RENAMED]
    named = {_RENAMED.get(name, name): others.pop(name) for name in loose}
    return others, {**options, **{name: value for name, value in named.items() if value is not None}}


def read(path: str, body: Mapping[str, Any]) -> ChatRequest:
    """The call; raises `BadRequestError` with the field that is wrong."""
    arguments = dict(body)
    model = arguments.pop("model", None)
    if not isinstance(model, str) or not model:
        raise invalid("model", "a model name")
    is_generate = path.partition("?")[0].endswith(GENERATE)
    messages = read_prompt(arguments) if is_generate else read_messages(arguments.pop("messages", None))
    stream = arguments.pop("stream", None)
    if not isinstance(stream, bool | None):
        raise invalid("stream", "true or false")
    options = arguments.pop("options", None) or {}
    if not isinstance(options, Mapping):
        raise invalid("options", "an object")
    arguments.update(options)
    limit = arguments.pop("num_predict", None)
    if isinstance(limit, int) and limit > 0:  # -1 and -2 mean no limit, as does none
        arguments["max_tokens"] = limit
    # Unlike other providers, Ollama streams unless the call forbids it.
    return ChatRequest(model, messages, arguments, stream=stream is not False)
