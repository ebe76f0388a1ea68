"""What goes wrong before an answer is there, as errors of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modelstream.call.error_mapping import as_stream_error

if TYPE_CHECKING:
    from modelstream.errors import StreamError


def unanswered(error: BaseException, url: str) -> StreamError:
    """`error` as one of ours that tells where the request went, without a password and the query."""
    ours = as_stream_error(error)
    parts = urlsplit(url)
    ours.message = f"{ours.message} at {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    ours.args = (ours.message,)
    return ours
