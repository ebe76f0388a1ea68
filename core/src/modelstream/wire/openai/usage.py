"""Read the token counts of OpenAI's format."""

from __future__ import annotations

import math
from typing import Any

from modelstream.deltas import UsageDelta


def read_usage(usage: Any) -> UsageDelta | None:
    """The counts in a `usage` object, or None if it has none. What is absent is None, never 0."""
    if type(usage) is not dict:
        return None
    usage = usage.get("usage", usage)  # Groq sends it in `x_groq` where `include_usage` is not set
    prompt = _count(usage, "prompt_tokens", "input_tokens")
    completion = _count(usage, "completion_tokens", "output_tokens")
    total = _count(usage, "total_tokens")
    reasoning = _count(usage.get("completion_tokens_details"), "reasoning_tokens")
    cached = _count(usage.get("prompt_tokens_details"), "cached_tokens")
    # SGLang and Perplexity have it here; Moonshot and DeepSeek the other.
    reasoning = _count(usage, "reasoning_tokens") if reasoning is None else reasoning
    cached = _count(usage, "cached_tokens", "prompt_cache_hit_tokens") if cached is None else cached
    if completion is not None:
        completion += _outside(prompt, completion, total, reasoning, cached)
    counts = (prompt, completion, reasoning, cached)
    return UsageDelta(*counts) if any(count is not None for count in counts) else None


def _outside(
    prompt: int | None, completion: int, total: int | None, reasoning: int | None, cached: int | None
) -> int:
    """The tokens of reasoning that a server has not counted in `completion`, as its total shows."""
    if total is None or prompt is None:
        # A part can't be more than the whole.
        return reasoning if reasoning is not None and reasoning > completion else 0
    rest = total - prompt - completion
    if reasoning is not None:
        return reasoning if reasoning and rest >= reasoning else 0
    # Gemini's compatible endpoint counts its reasoning in the total alone; others their cached input.
    return rest if rest > 0 and not cached else 0


def _count(counts: Any, *names: str) -> int | None:
    """The first usable count under one of the names."""
    if type(counts) is not dict:
        return None
    return next((found for name in names if (found := _number(counts.get(name))) is not None), None)


def _number(count: Any) -> int | None:
    usable = type(count) is int or (type(count) is float and math.isfinite(count))
    return int(count) if usable and count >= 0 else None
