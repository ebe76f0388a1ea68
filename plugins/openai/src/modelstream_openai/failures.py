"""Errors that the SDK raises before there is an answer, mapped to errors of modelstream."""

from __future__ import annotations

from modelstream.errors import ConfigError, StreamError
from modelstream.wire import as_stream_error, unanswered, unsendable


def map_error(error: Exception) -> StreamError | ConfigError:
    """The modelstream error for an exception while a request was sent; unchanged if it is one already."""
    if isinstance(error, StreamError | ConfigError):
        return error
    if isinstance(error, TypeError | ValueError):
        return unsendable(error)
    # The SDK's own message is only "Connection error."; the cause and the URL are attributes.
    cause = error.__cause__ or error
    url = getattr(getattr(error, "request", None), "url", None)
    return as_stream_error(cause) if url is None else unanswered(cause, str(url))
