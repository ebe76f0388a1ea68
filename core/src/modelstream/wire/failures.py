"""Errors for requests that get no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modelstream.call.error_mapping import as_stream_error

if TYPE_CHECKING:
    from modelstream.errors import StreamError


def unanswered(error: BaseException, url: str) -> StreamError:
    """The `StreamError` for `error`, with the URL in its message, but no password and no query."""
    mapped = as_stream_error(error)
    parts = urlsplit(url)
    mapped.message = f"{mapped.message} at {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    mapped.args = (mapped.message,)
    return mapped
