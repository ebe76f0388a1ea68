"""A call as Ollama's `/api/chat` takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from modelstream.errors import BadRequestError
from modelstream_ollama.messages import messages_of

if TYPE_CHECKING:
    from modelstream.request import Request
    from modelstream_ollama.config import OllamaConfig

PATH = "/api/chat"

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


def body_of(config: OllamaConfig, request: Request, given: Mapping[str, Any]) -> dict[str, Any]:
    """The request's JSON: the call's arguments over the config's, and `options` merged one by one."""
    arguments, options = parted(given)
    body = {
        "model": config.model_name,
        "keep_alive": config.keep_alive,
        **arguments,
        "messages": messages_of(request.messages),
        "stream": request.stream,
    }
    if options := {**(config.options or {}), **options}:
        body["options"] = options
    return {name: value for name, value in body.items() if value is not None}


def parted(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of a call, and among them the model's parameters, which belong into `options`.

    The server ignores a `temperature` that stands beside `options`, and says nothing.
    """
    others = dict(arguments)
    options = others.pop("options", None) or {}
    if not isinstance(options, Mapping):
        raise BadRequestError(f"options is {options!r}: expected a dict such as {{'temperature': 0}}.")
    loose = {name: others.pop(name) for name in _loose(arguments)}
    named = {_RENAMED.get(name, name): value for name, value in loose.items() if value is not None}
    return others, {**options, **named}


def _loose(arguments: Iterable[str]) -> list[str]:
    return [name for name in arguments if name in _OPTIONS or name in _RENAMED]
