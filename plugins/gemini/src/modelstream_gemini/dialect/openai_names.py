"""OpenAI's names of options, and Gemini's: `ChatRequest` has the former, a request the latter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelstream.wire import response_format

_NAMES = {
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "n": "candidate_count",
}
_OPENAI = {"max_output_tokens": "max_tokens", "candidate_count": "n", "stop_sequences": "stop"}
_JSON = "application/json"


def to_gemini(name: str, value: Any) -> dict[str, Any]:
    """The option under Gemini's name, with the value that goes there; others unchanged."""
    if name == "stop":
        return {"stop_sequences": [value] if isinstance(value, str) else value}
    if name == "response_format" and isinstance(value, Mapping | type):
        return _response_options(response_format(value))
    return {_NAMES.get(name, name): value}


def to_openai(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options by Gemini's names in `snake_case` under OpenAI's, where OpenAI has one."""
    arguments = {_OPENAI.get(name, name): value for name, value in options.items()}
    if arguments.get("response_mime_type") != _JSON or "response_schema" in arguments:
        return arguments
    del arguments["response_mime_type"]
    schema = arguments.pop("response_json_schema", None)
    if schema is None:
        return {**arguments, "response_format": {"type": "json_object"}}
    json_schema = {"name": "response", "schema": schema}
    return {**arguments, "response_format": {"type": "json_schema", "json_schema": json_schema}}


def _response_options(value: Mapping[str, Any]) -> dict[str, Any]:
    if value.get("type") == "text":
        return {}
    described = value.get("json_schema")
    schema = described.get("schema") if isinstance(described, Mapping) else None
    options: dict[str, Any] = {"response_mime_type": _JSON}
    return {**options, "response_json_schema": schema} if schema else options
