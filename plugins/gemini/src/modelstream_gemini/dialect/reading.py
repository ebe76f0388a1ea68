"""The body of a request, as a server reads it: turns of parts as messages, options as arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from modelstream.errors import BadRequestError
from modelstream.wire import ChatRequest
from modelstream_gemini.dialect.arguments import camel_case, snake_case
from modelstream_gemini.dialect.openai_names import to_openai
from modelstream_gemini.dialect.tools import from_tool_config, from_tools
from modelstream_gemini.dialect.turns import Messages, plain_content

_PATH = re.compile(r"/(?:models/|(tunedModels/))([^/:]+):(generateContent|streamGenerateContent)$")


def read_request(path: str, body: Mapping[str, Any]) -> ChatRequest:
    """The call. Raises `BadRequestError` that names the invalid field, or for a path of another method."""
    found = _PATH.search(path.partition("?")[0])
    if found is None:
        raise BadRequestError(
            f"the path {path!r} is not that of a call: expected"
            " /models/{model}:generateContent or :streamGenerateContent",
            status=404,
        )
    fields = api_fields(body, "the request")
    messages = [*_system(fields.pop("systemInstruction", None)), *_messages(fields.pop("contents", None))]
    model = f"{found[1] or ''}{unquote(found[2])}"
    return ChatRequest(model, messages, _arguments(fields), stream=found[3].startswith("stream"))


def api_fields(value: Any, place: str) -> dict[str, Any]:
    """The fields of an object under the API's names, which clients may also write with underscores.

    Fields that are null count as missing. Raises `BadRequestError` if `value` is not an object.
    """
    if not isinstance(value, Mapping):
        raise invalid(place, "an object")
    return {camel_case(str(name)): inner for name, inner in value.items() if inner is not None}


def invalid(place: str, expected: str) -> BadRequestError:
    """The error for a field of the request."""
    return BadRequestError(f"{place} must be {expected}", status=400, code="INVALID_ARGUMENT")


def _system(instruction: Any) -> list[dict[str, Any]]:
    if instruction is None:
        return []
    if isinstance(instruction, str):  # not the API's, but accepted by its SDKs
        return [{"role": "system", "content": instruction}]
    parts = _parts(api_fields(instruction, "systemInstruction"), "systemInstruction")
    return [{"role": "system", "content": plain_content(parts)}] if parts else []


def _messages(contents: Any) -> list[dict[str, Any]]:
    turns = [contents] if isinstance(contents, Mapping) else contents
    if not isinstance(turns, list) or not turns:
        raise invalid("contents", "a list with at least one turn")
    messages = Messages()
    for at, one in enumerate(turns):
        place = f"contents[{at}]"
        turn = api_fields(one, place)
        parts = _parts(turn, place)
        if turn.get("role", "user") == "model":
            messages.add_model(parts)
        else:
            messages.add_user(parts)
    return messages.found


def _parts(turn: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    parts = turn.get("parts", [])
    if not isinstance(parts, list | Mapping):
        raise invalid(f"{place}.parts", "a list")
    items = parts if isinstance(parts, list) else [parts]
    return [_part(one, f"{place}.parts[{at}]") for at, one in enumerate(items)]


def _part(value: Any, place: str) -> dict[str, Any]:
    return _nested(value, place, "functionCall", "functionResponse", "inlineData", "fileData")


def _nested(value: Any, place: str, *names: str) -> dict[str, Any]:
    """The fields of an object, and those of the objects in the fields `names`."""
    fields = api_fields(value, place)
    for name in names:
        if name in fields:
            fields[name] = api_fields(fields[name], f"{place}.{name}")
    return fields


def _arguments(fields: dict[str, Any]) -> dict[str, Any]:
    """All other fields of the body as arguments, those of `generationConfig` among them."""
    options = api_fields(fields.pop("generationConfig", {}), "generationConfig")
    tools, config = fields.pop("tools", None), fields.pop("toolConfig", None)
    arguments = to_openai({snake_case(name): value for name, value in {**fields, **options}.items()})
    if tools is not None:
        items = tools if isinstance(tools, list) else [tools]
        arguments["tools"] = from_tools(_tool(one, f"tools[{at}]") for at, one in enumerate(items))
    if config is not None:
        arguments.update(from_tool_config(_nested(config, "toolConfig", "functionCallingConfig")))
    return arguments


def _tool(value: Any, place: str) -> dict[str, Any]:
    tool = api_fields(value, place)
    declarations = tool.get("functionDeclarations", [])
    if not isinstance(declarations, list):
        raise invalid(f"{place}.functionDeclarations", "a list")
    if declarations:
        inner = f"{place}.functionDeclarations"
        tool["functionDeclarations"] = [
            api_fields(one, f"{inner}[{at}]") for at, one in enumerate(declarations)
        ]
    return tool
