"""Deltas: the increments of an answer that a model wrapper yields to the core.

A provider sends chunks; a wrapper turns each into deltas; the core joins deltas into snapshots.
A plain `str` yielded by a wrapper is a text delta, so the most common kind needs no object at all.

    delta = str | TextDelta | ReasoningDelta | ToolCallDelta | UsageDelta | StateDelta | Finish
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "refusal"]
FINISH_REASONS: frozenset[str] = frozenset(get_args(FinishReason))


class TextDelta(msgspec.Struct, frozen=True, gc=False):
    """Text of the answer that continues the text before it."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of the model's thinking; never part of the answer's text."""

    text: str


class ToolCallDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of one tool call; pieces with the same `index` belong together.

    A wrapper may use any index to keep pieces together; readers get the number of the call, in the order in
    which the calls begin. `id` and `name`, unless None, replace the earlier values of the call; `arguments`
    is appended to the call's JSON text. Where a provider sends no id, leave it None: the core generates one.
    """

    index: int = 0
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class Usage(msgspec.Struct, frozen=True, gc=False):
    """How many tokens a call has used so far; None where the provider did not report it.

    `reasoning_tokens` are part of `output_tokens`, `cached_tokens` part of `input_tokens`.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None

    @property
    def total_tokens(self) -> int | None:
        """The sum of input and output tokens, or None while one of them is unknown."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens

    def updated(self, newer: Usage) -> Usage:
        """These counts, replaced by those of `newer` that are not None."""
        return Usage(
            *(
                old if new is None else new
                for old, new in zip(
                    msgspec.structs.astuple(self), msgspec.structs.astuple(newer), strict=True
                )
            )
        )


class UsageDelta(Usage, frozen=True, gc=False):
    """The token counts of the call up to now. They replace earlier counts; they don't add up."""


class StateDelta(msgspec.Struct, frozen=True):
    """What the provider must get back with this answer in the next turn, such as a signature of its thoughts.

    `state` is a dict of JSON values, whose meaning only the wrapper knows. Those of one answer are kept in
    order, as `items` of `response.message["provider_state"]`, and come back in the messages of the next
    request to the same provider. `reasoning` is a key under which the core adds the answer's whole reasoning
    to `state`, for providers that require it back. `dialect` and `base_url` name the provider; leave them
    None, except in a wrapper that replays the answers of others: the core fills them in.
    """

    state: dict[str, Any]
    reasoning: str | None = None
    dialect: str | None = None
    base_url: str | None = None


class Finish(msgspec.Struct, frozen=True, gc=False):
    """The provider's statement that the answer is complete: the only source of `last=True`.

    `reason` is one of ours (`stop`, `length`, `tool_calls`, `content_filter`, `refusal`), `raw` the
    provider's own word for it. Yield it when the provider's end marker was seen, and never otherwise.
    Usage and state may still follow; text may not.
    """

    reason: FinishReason = "stop"
    raw: str | None = None


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """A function that the model wants called.

    `arguments` is its JSON text, as it was sent; `{}` for a call that ended without any. `complete` is False
    for a call whose JSON has not come to its end: do not run it.
    """

    id: str
    name: str
    arguments: str
    complete: bool = True


Delta = TextDelta | ReasoningDelta | ToolCallDelta | UsageDelta | StateDelta | Finish
"""What readers of `response.deltas` get, in the order of arrival."""

Yielded = str | Delta | list[str | Delta] | None
"""What a wrapper may yield: one delta, a list of deltas that arrived together, or None (see
`ModelWrapper.deltas`)."""
