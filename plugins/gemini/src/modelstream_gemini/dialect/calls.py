"""A call in an intermediate form: between the caller's arguments and the request of a back end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from modelstream_gemini.dialect.arguments import with_system
from modelstream_gemini.dialect.contents import Conversation, conversation, to_message

if TYPE_CHECKING:
    from modelstream_gemini.dialect.arguments import Options
    from modelstream_gemini.dialect.signatures import Signatures


class PreparedCall(NamedTuple):
    """A call in the SDKs' common terms.

    `contents` are turns of plain parts, in which data are bytes, or the unchanged argument `contents` if that
    has objects of an SDK.
    """

    model: str
    contents: Any
    options: Options
    stream: bool


def prepare_call(
    model: str, messages: list[dict[str, Any]], options: Options, signatures: Signatures, *, stream: bool
) -> PreparedCall:
    """The call with its conversation as turns; `model` and `contents` in the options override the others."""
    others = dict(options)
    model = others.pop("model", model)
    contents, system = _conversation(others.pop("contents", None), messages, signatures)
    return PreparedCall(model, contents, with_system(others, system), stream)


def _conversation(contents: Any, messages: list[dict[str, Any]], signatures: Signatures) -> Conversation:
    """The conversation of this call; `contents` with objects of an SDK stay as they are."""
    if contents is None:
        return conversation(messages, signatures)
    items = contents if isinstance(contents, list | tuple) else [contents]
    if all(isinstance(one, str | Mapping) for one in items):
        return conversation(map(to_message, items), signatures)
    return Conversation(contents, [])
