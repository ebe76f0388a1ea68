"""The arguments of a call as the SDK takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def sorted_out(arguments: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The arguments that the SDK knows by name, and in `extra_body`, which it lets pass, all others."""
    named = {name: value for name, value in arguments.items() if name in known}
    others = {name: value for name, value in arguments.items() if name not in known}
    if others:
        named["extra_body"] = {**others, **(named.get("extra_body") or {})}
    return named
