"""The arguments of a call in the form that the SDK accepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def split_arguments(arguments: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The arguments that the SDK knows by name; all others go into `extra_body`, which it does not check."""
    named = {name: value for name, value in arguments.items() if name in known}
    others = {name: value for name, value in arguments.items() if name not in known}
    if others:
        named["extra_body"] = {**others, **(named.get("extra_body") or {})}
    return named
