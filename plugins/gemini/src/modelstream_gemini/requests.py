"""A call as the API takes it, made without an SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from modelstream.errors import BadRequestError
from modelstream_gemini.arguments import as_safety_settings
from modelstream_gemini.bodies import body_of
from modelstream_gemini.contents import as_message, conversation
from modelstream_gemini.parts import as_parts
from modelstream_gemini.plain import as_api, unwrapped
from modelstream_gemini.schemas import as_schema
from modelstream_gemini.signatures import Signatures

if TYPE_CHECKING:
    from modelstream_gemini.backends import Asked

_OF_THE_SDK = frozenset(
    {"automatic_continuation", "automatic_function_calling", "should_return_http_response"}
)
"""Options that tell google-genai what to do with an answer. Reading answers is not its business here."""


def path_of(asked: Asked) -> str:
    """Where to ask, behind the address and the version. Raises `BadRequestError` for what is no model."""
    model: Any = asked.model
    if not isinstance(model, str) or not model or ".." in model or "?" in model or "&" in model:
        raise BadRequestError(f"model is {model!r}, which is no name of a model")
    name = model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"
    verb = "streamGenerateContent?alt=sse" if asked.stream else "generateContent"
    return f"{quote(name)}:{verb}"


def as_body(asked: Asked, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The request's JSON. Raises `ConfigError` for what only an SDK could convert."""
    options = {
        name: _converted(name, value) for name, value in asked.options.items() if name not in _OF_THE_SDK
    }
    return body_of(as_api(_turns(asked.contents), "contents"), as_api(options), extra)


def _turns(contents: Any) -> list[Any]:
    """The turns of the conversation. Objects of an SDK among the contents are still to be put in order."""
    if isinstance(contents, list) and all(isinstance(one, Mapping) for one in contents):
        return contents
    given = unwrapped(contents, "contents")
    given = given if isinstance(given, list) else [given]
    return conversation(map(as_message, given), Signatures()).contents


def _converted(name: str, value: Any) -> Any:
    convert = _CONVERTERS.get(name)
    return value if convert is None else convert(value)


def _schema(given: Any) -> Any:
    given = unwrapped(given, "response_schema")
    return (as_schema(given) or None) if isinstance(given, Mapping) else given


def _instruction(given: Any) -> Any:
    given = unwrapped(given, "system_instruction")
    if isinstance(given, Mapping) and "parts" in given:
        return given
    return {"role": "user", "parts": as_parts(given, "system_instruction")}


def _tools(given: Any) -> Any:
    """The tools with all functions in one of them."""
    functions: list[Any] = []
    others = []
    for one in given:
        tool = as_api(one, "tools")  # no number: their order has changed
        if isinstance(tool, dict) and tool.get("functionDeclarations"):
            functions += tool.pop("functionDeclarations")
            if not tool:
                continue
        others.append(tool)
    return [*others, {"functionDeclarations": functions}] if functions else others


def _speech(given: Any) -> Any:
    """The settings of speech, or those that a voice's name means."""
    if not isinstance(given, str):
        return given
    return {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": given}}}


def _cached(name: Any) -> Any:
    return f"cachedContents/{name}" if isinstance(name, str) and "/" not in name else name


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "cached_content": _cached,
    "response_schema": _schema,
    "safety_settings": as_safety_settings,
    "service_tier": lambda given: given.lower() if isinstance(given, str) else given,
    "speech_config": _speech,
    "system_instruction": _instruction,
    "tools": _tools,
}
