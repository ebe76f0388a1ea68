"""Put contents and options into the API's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelstream_gemini.dialect.arguments import camel_case

_TOP_LEVEL = frozenset(
    {
        "cachedContent",
        "continuationToken",
        "labels",
        "safetySettings",
        "serviceTier",
        "store",
        "systemInstruction",
        "toolConfig",
        "tools",
    }
)
"""The options next to `generationConfig`; all others go into it."""


def build_body(contents: Any, options: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a request, from values that are ready to be sent, with `extra` merged into its objects."""
    generation: dict[str, Any] = {}
    body: dict[str, Any] = {"contents": contents, "generationConfig": generation}
    for written, value in options.items():
        name = camel_case(written)
        place = body if name in _TOP_LEVEL else generation
        place[name] = value
    return _merged(body, extra)


def _merged(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`body` with `extra`, whose names may have either spelling."""
    merged = dict(body)
    for written, value in extra.items():
        camel = camel_case(written)
        name = camel if camel in body else written
        inner = merged.get(name)
        merged[name] = (
            _merged(inner, value) if isinstance(inner, dict) and isinstance(value, Mapping) else value
        )
    return merged
