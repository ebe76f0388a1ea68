"""ZhipuAI's frames: OpenAI's shape, with error codes of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    RateLimitError,
    StreamError,
)
from modelstream.wire.openai_shape import OpenAIFrames

if TYPE_CHECKING:
    from modelstream.deltas import Delta

_CODES: dict[str, type[StreamError]] = {
    **dict.fromkeys(
        ("1000", "1001", "1002", "1003", "1004", "1110", "1111", "1112", "1220"), AuthenticationError
    ),
    **dict.fromkeys(("1210", "1211", "1212", "1213", "1214", "1215", "1221", "1261"), BadRequestError),
    **dict.fromkeys(("1301",), ContentFilteredError),
    **dict.fromkeys(("1113", "1302", "1303", "1304", "1305", "1308", "1309"), RateLimitError),
}
"""The provider's documented business codes, which come as strings and say more than the HTTP status."""
_NOT_SOON = frozenset({"1113", "1304", "1308", "1309"})
"""An empty account and used-up allowances: asking again does not help."""


class ZhipuAIFrames(OpenAIFrames):
    """Reads the frames of one answer."""

    def read(self, frame: bytes, news: list[str | Delta]) -> None:
        """Append what `frame` says."""
        try:
            super().read(frame, news)
        except StreamError as error:
            raise by_code(error) from error.__cause__


def by_code(error: StreamError) -> StreamError:
    """The error that the provider's code stands for; the same one if the code is not known."""
    kind = _CODES.get(error.code or "")
    if kind is None:
        return error
    again = kind is RateLimitError and error.code not in _NOT_SOON
    return kind(
        error.message,
        status=error.status,
        code=error.code,
        retryable=again,
        retry_after=error.retry_after,
    )
