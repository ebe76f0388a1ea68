"""Errors of Google's SDKs as errors of modelstream."""

from __future__ import annotations

from modelstream.errors import AuthenticationError, BadRequestError, ConfigError, StreamError
from modelstream.wire import as_stream_error


def map_error(error: Exception) -> Exception:
    """The error for what an SDK raised while it built a request."""
    if isinstance(error, StreamError | ConfigError):
        return error
    mapped: Exception
    if not type(error).__module__.startswith("google.auth"):
        mapped = BadRequestError(f"the SDK can't build the request: {_reason(error)}")
    elif type(error).__name__ == "TransportError":
        mapped = as_stream_error(error)
    else:
        mapped = AuthenticationError(f"no access token: {_reason(error)}")
    mapped.__cause__ = error
    return mapped


def _reason(error: Exception) -> str:
    """The reason in one line: of pydantic's reports the field and the message."""
    problems = error.errors() if hasattr(error, "errors") and callable(error.errors) else []
    if not problems:
        return " ".join(str(error).split()) or type(error).__name__
    lines = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problems[:3]]
    return "; ".join(dict.fromkeys(lines))
