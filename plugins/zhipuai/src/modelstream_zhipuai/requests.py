"""Requests in the provider's format: as its SDKs would send them, and as a server reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from modelstream.errors import BadRequestError
from modelstream.wire import ChatRequest, WrittenRequest, image_data_url, openai_messages

ENDPOINT = "/chat/completions"

LOWEST, HIGHEST = 0.01, 0.99
"""The limits of `temperature` and `top_p`: the provider accepts only values between 0 and 1, without both."""

_ALWAYS_SENT = {"response_format": None, "thinking": None}


def write(request: ChatRequest) -> WrittenRequest:
    """The request. Raises `BadRequestError`."""
    body = {**_ALWAYS_SENT, "model": request.model, **request.arguments}
    for name in ("temperature", "top_p"):
        _limit(body, name)
    body["messages"] = [_with_images(message, _as_base64) for message in write_messages(request.messages)]
    body["stream"] = request.stream
    return WrittenRequest(ENDPOINT, body)


def write_messages(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages with OpenAI's parts, except for files, which have a URL here."""
    written = openai_messages(messages)
    for message in written:
        if isinstance(message.get("content"), list):
            message["content"] = [_with_file_url(part) for part in message["content"]]
    return written


def _with_file_url(part: Any) -> Any:
    match part:
        case {"type": "file", "file": {"file_data": str(url)}}:
            return {"type": "file_url", "file_url": {"url": url}}
    return part


def read(request: ChatRequest) -> ChatRequest:
    """The call in a request of this format: without the fields and limits that `write` adds."""
    arguments = {
        name: value
        for name, value in request.arguments.items()
        if value is not None or name not in _ALWAYS_SENT
    }
    if arguments.get("temperature") == LOWEST and arguments.get("do_sample") is False:
        arguments["temperature"] = 0.0
        del arguments["do_sample"]
    for name in ("temperature", "top_p"):
        if arguments.get(name) == HIGHEST:
            arguments[name] = 1.0
    messages = [_with_images(message, _as_data_url) for message in request.messages]
    return ChatRequest(request.model, messages, arguments, request.stream)


def _limit(body: dict[str, Any], name: str) -> None:
    value = body.get(name)
    if value is None:
        return
    if not isinstance(value, int | float):
        raise BadRequestError(f"{name} is {value!r}: expected a number between 0 and 1.")
    if value <= 0:
        body[name] = LOWEST
        if name == "temperature":
            body["do_sample"] = False
    elif value >= 1:
        body[name] = HIGHEST


def _with_images(message: dict[str, Any], convert: Callable[[str], str]) -> dict[str, Any]:
    """The message with the URLs of its images converted."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [_with_image(part, convert) for part in content]}


def _with_image(part: Any, convert: Callable[[str], str]) -> Any:
    match part:
        case {"type": "image_url", "image_url": {"url": str(url)} as image}:
            return {**part, "image_url": {**image, "url": convert(url)}}
    return part


def _as_base64(url: str) -> str:
    # The API does not accept data: URLs.
    return url.rpartition("base64,")[2] if url.startswith("data:image/") else url


def _as_data_url(url: str) -> str:
    return url if url.startswith("data:") or "://" in url else image_data_url(url)
