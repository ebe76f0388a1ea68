"""ZhipuAI's frames: OpenAI's shape, with error codes of its own."""

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

_KINDS: dict[type[StreamError], str] = {
    AuthenticationError: "1000 1001 1002 1003 1004 1110 1111 1112 1121 1220 1311",
    BadRequestError: "1210 1211 1212 1213 1214 1215 1221 1222 1231 1261 1300",
    ContentFilteredError: "1301",
    RateLimitError: "1113 1302 1303 1304 1305 1308 1309 1310 1312 1313",
    ProviderError: "500 1120 1200 1230 1234",
}
_KIND_OF = {code: kind for kind, codes in _KINDS.items() for code in codes.split()}
"""The provider's documented business codes, which come as strings and say more than the HTTP status."""
_SOON = frozenset({"500", "1120", "1200", "1230", "1234", "1302", "1303", "1305", "1312"})
"""Worth another try. Not among them: an empty account, used-up allowances, and what stays as it is."""


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
    kind = _KIND_OF.get(error.code or "")
    if kind is None:
        return error
    return kind(
        error.message,
        status=error.status,
        code=error.code,
        retryable=error.code in _SOON,
        retry_after=error.retry_after,
    )
