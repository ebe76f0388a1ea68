"""What modelstream is to reach, beside what was measured."""

from __future__ import annotations

from typing import Any

Results = dict[str, Any]
Place = tuple[str, str, str]
"""A table, a row and a value in it."""


def cpu(way: str) -> Place:
    """Where the CPU time of a chunk stands."""
    return ("cost 5000", way, "cpu")


def wrapper(way: str) -> Place:
    """The same for the wrappers of the other providers."""
    return ("wrappers", way, "cpu")


SDK, OURS, NATIVE = (cpu(way) for way in ("openai SDK", "modelstream", "modelstream native"))
FLOOR = cpu("floor")
CARRIED = ("streams", "modelstream native, async", "streams")

TARGETS: list[tuple[str, str, float, str, Place, Place | None]] = [
    ("through the SDK's bytes, × floor", "≤", 10, "", OURS, FLOOR),
    ("through the SDK's bytes, openai SDK / this", "≥", 6, "", SDK, OURS),
    ("the same, async", "≥", 6, "", cpu("openai SDK, async"), cpu("modelstream, async")),
    ("native, × floor", "≤", 2.5, "", NATIVE, FLOOR),
    ("native, openai SDK / this", "≥", 25, "", SDK, NATIVE),
    ("native, litellm / this", "≥", 100, "", cpu("litellm"), NATIVE),
    ("native async, × floor", "≤", 2.5, "", cpu("modelstream native, async"), FLOOR),
    (
        "native async, openai SDK / this",
        "≥",
        25,
        "",
        cpu("openai SDK, async"),
        cpu("modelstream native, async"),
    ),
    ("`(last, text)` beside `delta`", "≤", 1.5, "", cpu("modelstream, pairs"), OURS),
    ("`(last, text)` beside `delta`, native", "≤", 1.5, "", cpu("modelstream native, pairs"), NATIVE),
    ("delay, median", "≤", 0.5, "ms", ("lag", "modelstream", "median"), None),
    ("delay, native, median", "≤", 0.5, "ms", ("lag", "modelstream native", "median"), None),
    ("warm call", "≤", 1, "ms", ("lag", "modelstream", "call"), None),
    ("warm call, native", "≤", 1, "ms", ("lag", "modelstream native", "call"), None),
    ("streams, native / openai SDK", "≥", 6, "", CARRIED, ("streams", "openai SDK, async", "streams")),
    ("streams, native / litellm", "≥", 15, "", CARRIED, ("streams", "litellm, async", "streams")),
    ("p99 at half of that", "≤", 20, "ms", (*CARRIED[:2], "half p99"), None),
    ("`import modelstream`, over bare Python", "≤", 30, "ms", ("start", "modelstream", "import"), None),
    (
        "`modelstream --version`, every plugin there",
        "≤",
        150,
        "ms",
        ("start", "modelstream --version", "import"),
        None,
    ),
    ("native, import and first answer", "≤", 150, "ms", ("start", "modelstream native", "first"), None),
    ("zai-sdk / `zhipuai_chat`", "≥", 3, "", wrapper("zai-sdk"), wrapper("modelstream zhipuai_chat")),
    ("google-genai / `gemini_chat`", "≥", 3, "", wrapper("google-genai"), wrapper("modelstream gemini_chat")),
    ("litellm / `litellm_chat`", "≥", 3, "", wrapper("litellm"), wrapper("modelstream litellm_chat")),
    ("ollama SDK / `ollama_chat`", "≥", 1, "", wrapper("ollama SDK"), wrapper("modelstream ollama_chat")),
    (
        "dashscope SDK / `dashscope_chat`",
        "≥",
        1,
        "",
        wrapper("dashscope SDK"),
        wrapper("modelstream dashscope_chat"),
    ),
]


def targets_table(results: Results) -> str:
    """Every target of which the parts were measured."""
    lines = ["| what | target | measured | reached |", "| --- | ---: | ---: | --- |"]
    for what, sign, bar, unit, place, base in TARGETS:
        value, divisor = looked_up(results, place), looked_up(results, base) if base else 1.0
        if value is None or divisor is None:
            continue
        value /= divisor
        reached = value <= bar if sign == "≤" else value >= bar
        lines.append(
            f"| {what} | {sign} {bar:g} {unit} | {value:.1f} {unit} | {'yes' if reached else 'no'} |"
        )
    return "\n".join(lines)


def looked_up(results: Results, place: Place) -> float | None:
    """A value, if it was measured."""
    title, row, key = place
    rows = results.get(title, {})
    value = rows.get(row, {}).get(key) if isinstance(rows, dict) else None
    return None if value is None else float(value)
