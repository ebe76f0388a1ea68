"""What the SDK raises before there is an answer, as errors of modelstream."""

from __future__ import annotations

from modelstream.errors import ConfigError, StreamError
from modelstream.wire import as_stream_error, unanswered, unsendable


def as_ours(error: Exception) -> StreamError | ConfigError:
    """The error for what went wrong while a request was sent; itself if it is one of ours."""
    if isinstance(error, StreamError | ConfigError):
        return error
    if isinstance(error, TypeError | ValueError):
        return unsendable(error)
    # "Connection error." is all that the SDK's own says; why, and where, it only carries along.
    cause = error.__cause__ or error
    url = getattr(getattr(error, "request", None), "url", None)
    return as_stream_error(cause) if url is None else unanswered(cause, str(url))
