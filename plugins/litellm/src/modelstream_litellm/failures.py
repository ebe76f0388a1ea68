"""What LiteLLM raises, as errors of modelstream.

Its classes depend on words in the provider's message, so the exceptions behind them are asked first: a
response tells its status, and a connection that failed tells so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelstream.errors import ConnectionLostError, StreamError, StreamTimeoutError
from modelstream.faults import as_stream_error, http_error


def as_ours(error: BaseException) -> StreamError:
    """The error for what `completion` or its stream raised."""
    if isinstance(error, StreamError):
        return error
    ours = _transport(error) or _refusal(error) or as_stream_error(error)
    ours.__cause__ = error
    return ours


def _behind(error: BaseException) -> Iterator[BaseException]:
    """The exceptions behind `error`, the first one first, and `error` itself last."""
    chain = [error]
    while len(chain) < 10:
        last = chain[-1]
        original = getattr(last, "original_exception", None)
        next_one = original if isinstance(original, BaseException) else last.__cause__ or last.__context__
        if next_one is None or next_one in chain:
            break
        chain.append(next_one)
    return reversed(chain)


def _transport(error: BaseException) -> StreamError | None:
    for one in _behind(error):
        if type(one).__module__.split(".")[0] in ("httpx", "httpcore", "aiohttp", "openai", "builtins"):
            ours = as_stream_error(one)
            if isinstance(ours, ConnectionLostError | StreamTimeoutError):
                return ours
    return None


def _refusal(error: BaseException) -> StreamError | None:
    for one in _behind(error):
        response: Any = getattr(one, "response", None)
        body = _body(response)
        if body:
            return http_error(response.status_code, body, response.headers)
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= 400:
        return http_error(status, {"message": getattr(error, "message", str(error))})
    return None


def _body(response: Any) -> bytes:
    try:
        return bytes(response.content)
    except Exception:  # noqa: BLE001 - there is none, or it was never read
        return b""
