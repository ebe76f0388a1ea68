"""The arguments of a call, in any spelling, as one flat set of options."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelstream.errors import BadRequestError
from modelstream_gemini.dialect.openai_names import to_gemini
from modelstream_gemini.dialect.tools import to_tool_config, to_tools

if TYPE_CHECKING:
    from modelstream_gemini.dialect.parts import Part

Options = dict[str, Any]

_humps = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def to_options(arguments: Mapping[str, Any]) -> Options:
    """All options by their names in google-genai's config, such as `max_output_tokens` and `tools`.

    Names may also be written `maxOutputTokens`, or as OpenAI's (`max_tokens`), and options may be in a
    `generation_config` or `config`: a dict, or the config object of either SDK. The last value of an option
    counts.
    """
    options: Options = {}
    for written, value in arguments.items():
        name = snake_case(written)
        if name in {"generation_config", "config"}:
            options.update(to_options(fields_of(value, name)))
        elif name == "tool_choice":
            options["tool_config"] = to_tool_config(value)
        else:
            options.update(to_gemini(name, value))
    if options.get("tools") is not None:
        options["tools"] = to_tools(options["tools"])
    return {name: value for name, value in options.items() if value is not None}


def with_system(options: Options, system: list[Part]) -> Options:
    """The options with the conversation's system prompt, after one that is among them."""
    if not system:
        return options
    instruction = options.get("system_instruction")
    if instruction is not None and not isinstance(instruction, str):
        raise BadRequestError(
            "there are system messages and a system_instruction that is not a str: use one of them"
        )
    parts = [{"text": instruction}, *system] if instruction else system
    return {**options, "system_instruction": {"parts": parts}}


def to_safety_settings(settings: Any) -> Any:
    """The settings as the API has them; google-generativeai accepts a dict, too."""
    if not isinstance(settings, Mapping):
        return settings
    return [{"category": category, "threshold": threshold} for category, threshold in settings.items()]


def snake_case(name: str) -> str:
    """`maxOutputTokens` as `max_output_tokens`."""
    return _humps.sub("_", name).lower()


def camel_case(name: str) -> str:
    """`max_output_tokens` as `maxOutputTokens`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def fields_of(config: Any, name: str) -> Mapping[str, Any]:
    """The fields that are set in a config object."""
    if isinstance(config, Mapping):
        return config
    if hasattr(config, "model_fields_set"):  # pydantic: google-genai
        return {field: getattr(config, field) for field in config.model_fields_set}
    if dataclasses.is_dataclass(config) and not isinstance(config, type):  # google-generativeai
        return {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    if is_message(config):
        return message_to_json(config)
    if config is None:
        return {}
    raise BadRequestError(f"{name} is {type(config).__name__}; expected a dict or a config object of the SDK")


def is_message(value: Any) -> bool:
    """Whether this is one of google-generativeai's protobuf messages."""
    return hasattr(type(value), "pb")


def message_to_json(message: Any) -> dict[str, Any]:
    """The fields of a message that are set, as the API's JSON."""
    json_format: Any = import_module("google.protobuf.json_format")
    fields: dict[str, Any] = json_format.MessageToDict(type(message).pb(message))
    return fields
