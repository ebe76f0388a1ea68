"""Map LiteLLM's exceptions to errors of modelstream.

Its classes depend on words in the provider's message, and it invents statuses and whole HTTP responses: a
missing key and a web page in place of an answer are both its status 500. So the exceptions that caused its
own are examined first: a response of the HTTP library has the real status, and a failed connection has an
exception of its own.
"""

from __future__ import annotations

import re
from typing import Any

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionLostError,
    MalformedDataError,
    StreamError,
    StreamTimeoutError,
    TruncatedStreamError,
)
from modelstream.wire import as_stream_error, http_error

DEEPEST = 10
"""How many exceptions of a chain of causes are examined."""

_UNUSABLE = ("Empty or invalid response", "'choices' that is not a list")
_NO_FINISH = "before a finish_reason was received"
_PREFIX = re.compile(r"^(litellm\.\w+: |\w+Error: |\w+Exception - )+")


def map_error(
    error: BaseException, around: BaseException | None = None, *, reading: bool = False
) -> StreamError:
    """The error for an exception of `completion` or its stream.

    `around` is the exception that the caller was handling at the time, which Python adds to the chain.
    `reading` means that the answer had arrived and was being read.
    """
    if isinstance(error, StreamError):
        return error
    chain = _chain(error, around)
    mapped = (
        _missing_finish(chain)
        or _transport_error(chain, reading=reading)
        or _http_error(chain)
        or _unusable_answer(chain, reading=reading)
        or _litellm_error(chain)
    )
    mapped.__cause__ = error
    return mapped


def is_missing_finish(error: BaseException) -> bool:
    """Whether this is LiteLLM's error for a stream that ends without a finish."""
    return any(_NO_FINISH in str(one) for one in _chain(error, None))


def _chain(error: BaseException, around: BaseException | None) -> list[BaseException]:
    """The exceptions that led to `error`, the first cause first, and `error` itself last."""
    chain = [error]
    while len(chain) < DEEPEST:
        last = chain[-1]
        original = getattr(last, "original_exception", None)
        cause = original if isinstance(original, BaseException) else last.__cause__ or last.__context__
        if cause is None or cause is around or cause in chain:
            break
        chain.append(cause)
    return chain[::-1]


def _missing_finish(chain: list[BaseException]) -> StreamError | None:
    if any(_NO_FINISH in str(error) for error in chain):
        return TruncatedStreamError("the stream ended before the provider reported that it is complete")
    return None


def _transport_error(chain: list[BaseException], *, reading: bool) -> StreamError | None:
    for error in chain:
        if _library(error) in ("httpx", "httpx2", "httpcore", "aiohttp", "openai", "builtins"):
            mapped = as_stream_error(error, first_delta_seen=reading)
            if isinstance(mapped, ConnectionLostError | StreamTimeoutError):
                return mapped
    return None


def _http_error(chain: list[BaseException]) -> StreamError | None:
    """The error of a real HTTP response, if there is one."""
    real = [
        error for error in chain if _library(error) != "litellm" or "HTTPStatusError" in type(error).__name__
    ]
    responses: list[Any] = [getattr(error, "response", None) for error in real]
    responses = [response for response in responses if _status(response) >= 400]
    for response in responses:
        if body := _body(response):
            return http_error(_status(response), body, response.headers)
    # The body was read before, and LiteLLM has put it into its message.
    for response in responses:
        return http_error(_status(response), {"message": _message(chain)}, response.headers)
    return None


def _unusable_answer(chain: list[BaseException], *, reading: bool) -> StreamError | None:
    """The error for data that LiteLLM could not use: usually the provider's answer."""
    message = _message(chain)
    python = [
        error
        for error in chain
        if _library(error) == "builtins" and type(error) not in (Exception, StopIteration)
    ]
    if any("not JSON serializable" in str(error) for error in python):
        return BadRequestError(f"the request can't be sent as JSON ({message})")
    malformed = any(isinstance(as_stream_error(error), MalformedDataError) for error in chain)
    if malformed or (reading and python) or any(words in message for words in _UNUSABLE):
        return MalformedDataError(f"LiteLLM can't read what the provider sent: {message}")
    if python and not 400 <= _status(chain[-1]) < 500:
        return StreamError(f"LiteLLM failed ({type(python[-1]).__name__}: {message})")
    return None


def _litellm_error(chain: list[BaseException]) -> StreamError:
    """The error with LiteLLM's own message; a status of LiteLLM need not be the provider's."""
    message = _message(chain)
    if any(type(error).__name__ == "OpenAIError" and _library(error) == "openai" for error in chain):
        return AuthenticationError(f"{message} In the model config, 'api_key' is the field.")
    status = _status(chain[-1])
    mapped = http_error(status if status >= 400 else 500, {"message": message})
    mapped.message = f"LiteLLM: {message}"
    mapped.args = (mapped.message,)
    mapped.status = status or None
    return mapped


def _message(chain: list[BaseException]) -> str:
    """The outermost message that is not empty, without LiteLLM's prefix and traceback."""
    for error in reversed(chain):
        message = str(getattr(error, "message", None) or error)
        message = _PREFIX.sub("", message).partition("\nTraceback")[0].strip()
        if message:
            return message
    return type(chain[-1]).__name__


def _library(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _status(holder: Any) -> int:
    status = getattr(holder, "status_code", None)
    return status if isinstance(status, int) else 0


def _body(response: Any) -> bytes:
    try:
        return bytes(response.content)
    except Exception:  # noqa: BLE001 - it was never read
        return b""
