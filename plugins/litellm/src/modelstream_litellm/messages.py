"""Messages in the form that LiteLLM accepts, with what the provider wants back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelstream.wire import openai_messages

_WITHOUT_REASONING = frozenset({"azure", "groq", "mistral"})
"""Providers that refuse `reasoning_content`, and to which LiteLLM sends it all the same."""


def prepare_messages(messages: Sequence[Mapping[str, Any]], provider: str) -> list[dict[str, Any]]:
    """The messages for a provider, which is LiteLLM's name for it, with the state of their answers."""
    refuses = provider in _WITHOUT_REASONING
    # `reasoning_content` that the caller has set is left to LiteLLM.
    return openai_messages([_prepared(message, refuses=refuses) for message in messages])


def _prepared(message: Mapping[str, Any], *, refuses: bool) -> Mapping[str, Any]:
    state = message.get("provider_state")
    if not isinstance(state, Mapping):
        return message
    items = [_item(item) for item in state["items"] if isinstance(item, Mapping)]
    if refuses:
        items = [item for item in items if "reasoning_content" not in item]
    return {**message, "provider_state": {**state, "items": items}}


def _item(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The item; blocks are without their numbers, which belong to a stream and which Anthropic refuses."""
    blocks = item.get("thinking_blocks") or item.get("signed_thinking")
    if not isinstance(blocks, list):
        return item
    return {"thinking_blocks": [{k: v for k, v in block.items() if k != "index"} for block in blocks]}
