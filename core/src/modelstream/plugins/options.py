"""Explains why a sink's class could not be called with the user's options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from modelstream._suggest import did_you_mean, listed
from modelstream.errors import ConfigError, UnknownConfigKeyError

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def check_options(sink_type: str, sink_class: type[Any], options: Mapping[str, Any]) -> ConfigError | None:
    """The error for options that are unknown to the constructor, or missing; None if they are valid."""
    try:
        signature = inspect.signature(sink_class)
    except (TypeError, ValueError):
        return None
    parameters = [p for p in signature.parameters.values() if p.kind in _NAMED]
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in signature.parameters.values())
    known = [p.name for p in parameters]
    for option in options:
        if option not in known and not open_ended:
            return UnknownConfigKeyError(
                f"Sink {sink_type!r} has no option {option!r}.{did_you_mean(str(option), known)}"
                f"\nIts options: {listed(known)}."
            )
    for parameter in parameters:
        if parameter.default is parameter.empty and parameter.name not in options:
            return ConfigError(f"Sink {sink_type!r} needs the option {parameter.name!r}.")
    return None
