"""What LiteLLM raises, as errors of modelstream.

Its classes depend on words in the provider's message, and it makes up statuses and whole HTTP responses: a
key that is missing, and a web page in the place of an answer, are both its status 500. So the exceptions
behind its own are asked first: a response of the HTTP library tells its status, and a connection that failed
tells so.
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
)
from modelstream.wire import as_stream_error, http_error

DEEPEST = 10
"""Exceptions behind one that are looked at."""

_OF_NO_ACCOUNT = (Exception, StopIteration)
_UNUSABLE = ("Empty or invalid response", "'choices' that is not a list")
_PREFIX = re.compile(r"^(litellm\.\w+: |\w+Error: |\w+Exception - )+")


def as_ours(
    error: BaseException, around: BaseException | None = None, *, reading: bool = False
) -> StreamError:
    """The error for what `completion` or its stream raised.

    `around` is what the caller of it was handling at the time, which Python adds to the exceptions behind.
    `reading` says that the answer had come, and was being read.
    """
    if isinstance(error, StreamError):
        return error
    behind = _behind(error, around)
    ours = _transport(behind) or _refusal(behind) or _unusable(behind, reading=reading) or _told(behind)
    ours.__cause__ = error
    return ours


def _behind(error: BaseException, around: BaseException | None) -> list[BaseException]:
    """The exceptions behind `error`, the first one first, and `error` itself last."""
    chain = [error]
    while len(chain) < DEEPEST:
        last = chain[-1]
        original = getattr(last, "original_exception", None)
        next_one = original if isinstance(original, BaseException) else last.__cause__ or last.__context__
        if next_one is None or next_one is around or next_one in chain:
            break
        chain.append(next_one)
    return chain[::-1]


def _transport(behind: list[BaseException]) -> StreamError | None:
    for one in behind:
        if _library(one) in ("httpx", "httpx2", "httpcore", "aiohttp", "openai", "builtins"):
            ours = as_stream_error(one)
            if isinstance(ours, ConnectionLostError | StreamTimeoutError):
                return ours
    return None


def _refusal(behind: list[BaseException]) -> StreamError | None:
    """What the provider refused, if there is a real HTTP response that says so."""
    real = [one for one in behind if _library(one) != "litellm" or "HTTPStatusError" in type(one).__name__]
    answers: list[Any] = [getattr(one, "response", None) for one in real]
    answers = [answer for answer in answers if _status(answer) >= 400]
    for answer in answers:
        if body := _body(answer):
            return http_error(_status(answer), body, answer.headers)
    # Its body was read by then: what it said LiteLLM has passed on.
    for answer in answers:
        return http_error(_status(answer), {"message": _said(behind)}, answer.headers)
    return None


def _unusable(behind: list[BaseException], *, reading: bool) -> StreamError | None:
    """What LiteLLM could do nothing with: most often the provider's answer."""
    said = _said(behind)
    python = [
        one for one in behind if _library(one) == "builtins" and type(one) not in (Exception, StopIteration)
    ]
    if any("not JSON serializable" in str(one) for one in python):
        return BadRequestError(f"the request can't be sent as JSON ({said})")
    unread = any(isinstance(as_stream_error(one), MalformedDataError) for one in behind)
    if unread or (reading and python) or any(words in said for words in _UNUSABLE):
        return MalformedDataError(f"LiteLLM can't read what the provider sent: {said}")
    if python and not 400 <= _status(behind[-1]) < 500:
        return StreamError(f"LiteLLM failed ({type(python[-1]).__name__}: {said})")
    return None


def _told(behind: list[BaseException]) -> StreamError:
    """What LiteLLM itself says, in its own words: no status of these is known to be the provider's."""
    said = _said(behind)
    if any(type(one).__name__ == "OpenAIError" and _library(one) == "openai" for one in behind):
        return AuthenticationError(f"{said} In the model config, 'api_key' is the field.")
    status = _status(behind[-1])
    ours = http_error(status if status >= 400 else 500, {"message": said})
    ours.message = f"LiteLLM: {said}"
    ours.args = (ours.message,)
    ours.status = status or None
    return ours


def _said(behind: list[BaseException]) -> str:
    """The message without what LiteLLM puts before and behind it, the outermost one that says something."""
    for one in reversed(behind):
        said = _PREFIX.sub("", str(getattr(one, "message", None) or one)).partition("\nTraceback")[0].strip()
        if said:
            return said
    return type(behind[-1]).__name__


def _library(one: BaseException) -> str:
    return type(one).__module__.partition(".")[0]


def _status(holder: Any) -> int:
    status = getattr(holder, "status_code", None)
    return status if isinstance(status, int) else 0


def _body(response: Any) -> bytes:
    try:
        return bytes(response.content)
    except Exception:  # noqa: BLE001 - it was never read
        return b""
