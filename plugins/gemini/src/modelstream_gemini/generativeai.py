"""Requests built with google-generativeai, which its vendor has given up and users still have."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from modelstream.errors import ConfigError
from modelstream.wire import HttpRequest
from modelstream_gemini.arguments import is_message, message_as_json
from modelstream_gemini.bodies import body_of
from modelstream_gemini.config import ADDRESS, VERSION
from modelstream_gemini.failures import unbuildable

if TYPE_CHECKING:
    from modelstream_gemini.backends import Asked
    from modelstream_gemini.config import GeminiConfig


class GenerativeaiBackend:
    """Builds the API's JSON; what is of the SDK's own types is converted by the SDK.

    JSON goes as it is, for the SDK's schema is older than thinking and makes floats of ints. The SDK is
    imported when there is something to convert.
    """

    def __init__(self, config: GeminiConfig) -> None:
        if config.client_args:
            raise ConfigError(
                "client_args are for google-genai."
                "\nThe backend 'generativeai' takes api_key, base_url and api_version."
            )
        self._address = (config.base_url or ADDRESS).rstrip("/")
        self._version = config.api_version or VERSION
        self._headers = {"Content-Type": "application/json", "x-goog-api-key": config.key() or ""}

    def prepare(self, asked: Asked) -> HttpRequest:
        """The request as the SDK would send it, with `alt=sse`."""
        model = asked.model if "/" in asked.model else f"models/{asked.model}"
        verb = "streamGenerateContent?alt=sse" if asked.stream else "generateContent"
        try:
            body = msgspec.json.encode(_body(asked))
        except Exception as error:
            raise unbuildable(error) from error
        return HttpRequest(f"{self._address}/{self._version}/{quote(model)}:{verb}", self._headers, body)


def _body(asked: Asked) -> dict[str, Any]:
    options = dict(asked.options)
    extra = options.pop("extra_body", {})
    options.pop("http_options", None)  # google-genai's, and understood already
    options = {name: _as_json(name, value) for name, value in options.items()}
    return body_of(_as_json("contents", asked.contents), options, extra)


def _as_json(name: str, value: Any) -> Any:
    if name == "system_instruction" and isinstance(value, str):
        return {"parts": [{"text": value}]}
    if name == "tools":
        return [one for tool in value for one in ([tool] if _is_json(tool) else _converted(name, [tool]))]
    if name == "safety_settings" and isinstance(value, Mapping):
        return _converted(name, value)
    return value if _is_json(value) else _converted(name, value)


def _is_json(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_json(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_json, value))
    # Not by isinstance: the SDK's enums are ints, too.
    return value is None or type(value) in {str, int, float, bool, bytes}


def _converted(name: str, value: Any) -> Any:
    convert = _converters().get(name)
    if convert is None:
        raise TypeError(f"{name} can't be sent as JSON ({type(value).__name__})")
    return _plain(convert(value))


def _plain(value: Any) -> Any:
    """What the SDK's converters return, as JSON: protobuf messages, enums, and lists and dicts of them."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if is_message(value):
        return message_as_json(value)
    return value.name if hasattr(value, "name") else value


@cache
def _converters() -> dict[str, Callable[[Any], Any]]:
    """The SDK's own conversions by the option that they are for."""
    with warnings.catch_warnings():
        # That the package is not maintained any more is told by our README, not at every start of a program.
        warnings.simplefilter("ignore", FutureWarning)
        content_types, generation_types, safety_types = (
            import_module(f"google.generativeai.types.{name}")
            for name in ("content_types", "generation_types", "safety_types")
        )

    def safety(settings: Any) -> Any:
        return safety_types.normalize_safety_settings(safety_types.to_easy_safety_dict(settings))

    def schema(given: Any) -> Any:
        return generation_types.to_generation_config_dict({"response_schema": given})["response_schema"]

    return {
        "contents": content_types.to_contents,
        "system_instruction": content_types.to_content,
        "tools": lambda tools: content_types.to_function_library(tools).to_proto(),
        "tool_config": content_types.to_tool_config,
        "safety_settings": safety,
        "response_schema": schema,
    }
