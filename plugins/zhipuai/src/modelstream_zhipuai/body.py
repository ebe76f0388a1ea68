"""A call as the provider takes it: the JSON that its SDKs would send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream.errors import BadRequestError

if TYPE_CHECKING:
    from modelstream.request import Request

LOWEST, HIGHEST = 0.01, 0.99
"""Of `temperature` and `top_p`, which the provider takes between 0 and 1, and neither of them."""

_ALWAYS_THERE = {"response_format": None, "thinking": None}


def body_of(model: str | None, request: Request, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The request's JSON. Raises `BadRequestError`."""
    body = {"model": model, **arguments}
    for name in ("temperature", "top_p"):
        _keep_inside(body, name)
    return {
        **_ALWAYS_THERE,
        **body,
        "messages": [_message(message) for message in request.messages],
        "stream": request.stream,
    }


def _keep_inside(body: dict[str, Any], name: str) -> None:
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


def _message(message: Mapping[str, Any]) -> Mapping[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [_part(part) for part in content]}


def _part(part: Any) -> Any:
    """A part of a message; of an image that is sent along the plain base64, which is all the API wants."""
    match part:
        case {"type": "image_url", "image_url": {"url": str(url)} as image} if url.startswith("data:image/"):
            return {**part, "image_url": {**image, "url": url.rpartition("base64,")[2]}}
    return part
