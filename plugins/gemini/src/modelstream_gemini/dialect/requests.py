"""A call as the API's JSON, built without an SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from modelstream.errors import BadRequestError
from modelstream_gemini.dialect.arguments import to_safety_settings
from modelstream_gemini.dialect.bodies import build_body
from modelstream_gemini.dialect.contents import conversation, to_message
from modelstream_gemini.dialect.parts import to_parts
from modelstream_gemini.dialect.plain import to_api, unwrapped
from modelstream_gemini.dialect.schemas import to_schema
from modelstream_gemini.dialect.signatures import Signatures

if TYPE_CHECKING:
    from modelstream_gemini.dialect.calls import PreparedCall

_FOR_THE_SDK = frozenset(
    {"automatic_continuation", "automatic_function_calling", "should_return_http_response"}
)
"""Options that control how google-genai reads answers, which is not its job here."""


def request_path(call: PreparedCall) -> str:
    """The path after the API's version. Raises `BadRequestError` for an invalid model name."""
    model: Any = call.model
    if not isinstance(model, str) or not model or ".." in model or "?" in model or "&" in model:
        raise BadRequestError(f"model is {model!r}, which is not a model name")
    name = model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"
    verb = "streamGenerateContent?alt=sse" if call.stream else "generateContent"
    return f"{quote(name)}:{verb}"


def request_body(call: PreparedCall, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The request's JSON with `extra` merged into it.

    Raises `ConfigError` for objects that only an SDK could convert, `BadRequestError` for those that contain
    themselves.
    """
    options = {name: value for name, value in call.options.items() if name not in _FOR_THE_SDK}
    try:
        options = to_api({name: _converted(name, value) for name, value in options.items()})
        return build_body(to_api(_turns(call.contents), "contents"), options, extra)
    except RecursionError as error:
        raise BadRequestError("the request can't be sent as JSON (it contains itself)") from error


def _turns(contents: Any) -> list[Any]:
    """The turns of the conversation; contents with objects of an SDK become turns only here."""
    if isinstance(contents, list) and all(isinstance(one, Mapping) for one in contents):
        return contents
    items = unwrapped(contents, "contents")
    items = items if isinstance(items, list) else [items]
    return conversation(map(to_message, items), Signatures()).contents


def _converted(name: str, value: Any) -> Any:
    convert = _CONVERTERS.get(name)
    return value if convert is None else convert(value)


def _schema(value: Any) -> Any:
    value = unwrapped(value, "response_schema")
    return (to_schema(value) or None) if isinstance(value, Mapping) else value


def _instruction(value: Any) -> Any:
    value = unwrapped(value, "system_instruction")
    if isinstance(value, Mapping) and "parts" in value:
        return value
    return {"role": "user", "parts": to_parts(value, "system_instruction")}


def _tools(tools: Any) -> Any:
    """The tools with all functions in one of them."""
    functions: list[Any] = []
    others = []
    for one in tools:
        tool = to_api(one, "tools")  # without a number: their order has changed
        if isinstance(tool, dict) and tool.get("functionDeclarations"):
            functions += tool.pop("functionDeclarations")
            if not tool:
                continue
        others.append(tool)
    return [*others, {"functionDeclarations": functions}] if functions else others


def _speech(value: Any) -> Any:
    """The speech settings, of which a voice's name is the short form."""
    if not isinstance(value, str):
        return value
    return {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": value}}}


def _cached(name: Any) -> Any:
    return f"cachedContents/{name}" if isinstance(name, str) and "/" not in name else name


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "cached_content": _cached,
    "response_schema": _schema,
    "safety_settings": to_safety_settings,
    "service_tier": lambda tier: tier.lower() if isinstance(tier, str) else tier,
    "speech_config": _speech,
    "system_instruction": _instruction,
    "tools": _tools,
}
