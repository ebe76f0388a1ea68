"""The arguments of a call, whichever way they are written, as one flat set of options."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelstream.errors import BadRequestError
from modelstream_gemini.tools import as_tool_config, as_tools

if TYPE_CHECKING:
    from modelstream_gemini.parts import Part

Options = dict[str, Any]

_humps = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def as_options(arguments: Mapping[str, Any]) -> Options:
    """All options by their names in google-genai's config, such as `max_output_tokens` and `tools`.

    Names may be written `maxOutputTokens`, too, and options may stand in a `generation_config` or `config`:
    a dict, or the config object of either SDK. Of two that say the same the later one counts.
    """
    options: Options = {}
    for written, value in arguments.items():
        name = snake_case(written)
        if name in {"generation_config", "config"}:
            options.update(as_options(fields_of(value, name)))
        elif name == "tool_choice":
            options["tool_config"] = as_tool_config(value)
        else:
            options[name] = value
    if options.get("tools") is not None:
        options["tools"] = as_tools(options["tools"])
    return {name: value for name, value in options.items() if value is not None}


def with_system(options: Options, system: list[Part]) -> Options:
    """The options with the conversation's system prompt, behind one that was given as an argument."""
    if not system:
        return options
    given = options.get("system_instruction")
    if given is not None and not isinstance(given, str):
        raise BadRequestError(
            "there are system messages and a system_instruction that is no str: give one of them"
        )
    parts = [{"text": given}, *system] if given else system
    return {**options, "system_instruction": {"parts": parts}}


def as_safety_settings(given: Any) -> Any:
    """The settings as the API has them; google-generativeai takes them as a dict, too."""
    if not isinstance(given, Mapping):
        return given
    return [{"category": category, "threshold": threshold} for category, threshold in given.items()]


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
        return message_as_json(config)
    if config is None:
        return {}
    raise BadRequestError(f"{name} is {type(config).__name__}; expected a dict or a config object of the SDK")


def is_message(value: Any) -> bool:
    """Whether this is one of the protobuf messages that google-generativeai is made of."""
    return hasattr(type(value), "pb")


def message_as_json(message: Any) -> dict[str, Any]:
    """The fields of a message that are set, as the API's JSON."""
    json_format: Any = import_module("google.protobuf.json_format")
    fields: dict[str, Any] = json_format.MessageToDict(type(message).pb(message))
    return fields
