"""Requests built with google-generativeai, which is deprecated and still in use."""

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
from modelstream_gemini.config import BASE_URL
from modelstream_gemini.dialect.arguments import is_message, message_to_json
from modelstream_gemini.dialect.bodies import build_body
from modelstream_gemini.dialect.dialect import VERSION
from modelstream_gemini.failures import map_error
from modelstream_gemini.http_options import known_options
from modelstream_gemini.options import check_options

if TYPE_CHECKING:
    from modelstream_gemini.config import GeminiConfig
    from modelstream_gemini.dialect.calls import PreparedCall


class GenerativeaiBackend:
    """Builds the API's JSON; the SDK converts objects of its own types.

    JSON is sent unchanged, because the SDK's schema is older than thinking and turns ints into floats. The
    SDK is imported when there is something to convert.
    """

    def __init__(self, config: GeminiConfig) -> None:
        if config.client_args:
            raise ConfigError(
                "client_args are for google-genai."
                "\nThe backend 'generativeai' accepts api_key, base_url and api_version."
            )
        self._base_url = (config.base_url or BASE_URL).rstrip("/")
        self._version = config.api_version or VERSION
        self._headers = {"Content-Type": "application/json", "x-goog-api-key": config.key() or ""}

    def load(self) -> None:
        """Do nothing: most calls need no conversion by the SDK."""

    def prepare(self, call: PreparedCall) -> HttpRequest:
        """The request as the SDK would send it, with `alt=sse`."""
        model = call.model if "/" in call.model else f"models/{call.model}"
        verb = "streamGenerateContent?alt=sse" if call.stream else "generateContent"
        try:
            body = msgspec.json.encode(_body(call))
        except Exception as error:
            raise map_error(error) from error
        # The SDK's options of a call have no address; google-genai's are accepted by all back ends.
        own = known_options(call.options.get("http_options"), "http_options")
        base_url = str(own.base_url or self._base_url).rstrip("/")
        url = f"{base_url}/{own.api_version or self._version}/{quote(model)}:{verb}"
        return HttpRequest(url, self._headers, body)


def _body(call: PreparedCall) -> dict[str, Any]:
    options = dict(call.options)
    extra = options.pop("extra_body", {})
    check_options(options)
    options.pop("http_options", None)  # google-genai's, and read already
    options = {name: _to_json(name, value) for name, value in options.items()}
    return build_body(_to_json("contents", call.contents), options, extra)


def _to_json(name: str, value: Any) -> Any:
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
    """The results of the SDK's converters as JSON: protobuf messages, enums, and lists and dicts of them."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if is_message(value):
        return message_to_json(value)
    return value.name if hasattr(value, "name") else value


@cache
def _converters() -> dict[str, Callable[[Any], Any]]:
    """The SDK's own conversions by the name of the option."""
    with warnings.catch_warnings():
        # Our README says that the package is deprecated; a warning at every start of a program is too much.
        warnings.simplefilter("ignore", FutureWarning)
        content_types, generation_types, safety_types = (
            import_module(f"google.generativeai.types.{name}")
            for name in ("content_types", "generation_types", "safety_types")
        )

    def safety(settings: Any) -> Any:
        return safety_types.normalize_safety_settings(safety_types.to_easy_safety_dict(settings))

    def schema(value: Any) -> Any:
        return generation_types.to_generation_config_dict({"response_schema": value})["response_schema"]

    return {
        "contents": content_types.to_contents,
        "system_instruction": content_types.to_content,
        "tools": lambda tools: content_types.to_function_library(tools).to_proto(),
        "tool_config": content_types.to_tool_config,
        "safety_settings": safety,
        "response_schema": schema,
    }
