"""Reads ZhipuAI's frames: OpenAI's format, with the provider's own error codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    ProviderError,
    RateLimitError,
    StreamError,
)
from modelstream.wire import OpenAIFrames

if TYPE_CHECKING:
    from modelstream.deltas import Delta

_CODES: dict[type[StreamError], str] = {
    AuthenticationError: "1000 1001 1002 1003 1004 1110 1111 1112 1121 1220 1311",
    BadRequestError: "1210 1211 1212 1213 1214 1215 1221 1222 1231 1261 1300",
    ContentFilteredError: "1301",
    RateLimitError: "1113 1302 1303 1304 1305 1308 1309 1310 1312 1313",
    ProviderError: "500 1120 1200 1230 1234",
}
_KINDS = {code: kind for kind, codes in _CODES.items() for code in codes.split()}
"""The provider's documented business codes, which are strings and more specific than the HTTP status."""
_RETRYABLE = frozenset({"500", "1120", "1200", "1230", "1234", "1302", "1303", "1305", "1312"})
"""Not among them: an empty account and used-up quotas, for which a retry does not help."""


class ZhipuAIFrames(OpenAIFrames):
    """Reads the frames of one answer."""

    def read(self, frame: bytes, deltas: list[str | Delta]) -> None:
        """Append the deltas in `frame`."""
        try:
            super().read(frame, deltas)
        except StreamError as error:
            raise error_by_code(error) from error.__cause__


def error_by_code(error: StreamError) -> StreamError:
    """An error of the class that belongs to the provider's code; `error` itself if the code is unknown."""
    kind = _KINDS.get(error.code or "")
    if kind is None:
        return error
    return kind(
        error.message,
        status=error.status,
        code=error.code,
        retryable=error.code in _RETRYABLE,
        retry_after=error.retry_after,
    )
