"""Laws about calls that the provider, or the network, refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionLostError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
    StreamError,
    TruncatedStreamError,
)
from modelstream.testing._kit.bench import check_error
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.observation import observe
from modelstream.testing._kit.scenario import ERROR_MESSAGE
from modelstream.testing.server import Answer, End

if TYPE_CHECKING:
    from modelstream.testing._kit.bench import Bench

_laws = Laws()
laws = _laws.laws
law = _laws.law

PAGE = b"<!DOCTYPE html><html><body>Welcome to the hotel's wireless network</body></html>"

STATUSES: dict[int, type[StreamError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: AuthenticationError,
    404: BadRequestError,
    429: RateLimitError,
    500: ProviderError,
    503: ProviderError,
}


def _refused(bench: Bench, answer: Answer, *expected: type[StreamError]) -> StreamError:
    """The error of a call with this answer, streamed and not."""
    errors = []
    for stream in (True, False):
        bench.provider.answer(answer)
        observed = observe(bench.way, bench.wrapper(), stream=stream)
        error = check_error(observed.error, *expected)
        same(error.partial_text, "", "partial_text")
        same(error.model_type, bench.wrapper().config.model_type, "the error's model_type")
        must(not any(snapshot.last for snapshot in observed.snapshots), "a call that failed gave last=True")
        errors.append(error)
    return errors[0]


@law(where="http", examples=0)
def refusals_typed(bench: Bench) -> None:
    """Each HTTP status is mapped to its error type, with the status and the provider's message.

    400, 404: `BadRequestError`; 401, 403: `AuthenticationError`; 429: `RateLimitError`; 5xx: `ProviderError`.
    """
    for status, kind in STATUSES.items():
        error = _refused(bench, bench.provider.refuse(status), kind)
        same(error.status, status, "the error's status")
        must(
            ERROR_MESSAGE in str(error),
            f"HTTP {status}: the message {ERROR_MESSAGE!r} is not in the error {str(error)!r}",
        )


@law(where="http", examples=0)
def refused_at_the_call(bench: Bench) -> None:
    """A call that the provider refuses raises at the call, not when the response is read."""
    bench.provider.answer(bench.provider.refuse(401))
    observed = observe(bench.way, bench.wrapper())
    check_error(observed.error, AuthenticationError)
    must(observed.refused, "the call gave a response, and only reading it raised")


@law(where="http", examples=0)
def retry_after_reported(bench: Bench) -> None:
    """The `Retry-After` of a 429 or 503 is the error's `retry_after`, in seconds."""
    for status, kind in ((429, RateLimitError), (503, ProviderError)):
        error = _refused(bench, bench.provider.refuse(status, {"Retry-After": "7"}), kind)
        same(error.retry_after, 7.0, f"HTTP {status}: retry_after")
        must(error.retryable, f"HTTP {status} is temporary, but the error is not retryable")


@law(where="http", examples=0)
def unreachable(bench: Bench) -> None:
    """A provider that can't be reached is a `ConnectionLostError`."""
    wrapper = bench.new_wrapper(base_url=bench.provider.unreachable_url)
    for stream in (True, False):
        observed = observe(bench.way, wrapper, stream=stream)
        error = check_error(observed.error, ConnectionLostError)
        must(error.retryable, "the error of a refused connection is not retryable")


@law(where="http", examples=0)
def web_page(bench: Bench) -> None:
    """A web page is an error, whatever its status: never an empty answer."""
    html = {"Content-Type": "text/html; charset=utf-8"}
    _refused(bench, Answer([PAGE], 200, html, framing="length"), MalformedDataError)
    plain = {"Content-Type": "text/plain"}
    page = Answer([PAGE], 200, plain, framing="length")
    _refused(bench, page, MalformedDataError, TruncatedStreamError)
    error = _refused(bench, Answer([PAGE], 502, html, framing="length"), ProviderError)
    same(error.status, 502, "the error's status")


@law(where="http", examples=0)
def error_body(bench: Bench) -> None:
    """The provider's error object on status 200, where an answer should be, is an error."""
    body = bench.provider.refuse(500).body
    for kind in ("application/json", bench.provider.wire.content_type):
        _refused(bench, Answer(body, 200, {"Content-Type": kind}, framing="length"), StreamError)


@law(where="http", examples=0)
def empty_body(bench: Bench) -> None:
    """An empty body on status 200 is an error, never an empty answer."""
    kind = {"Content-Type": bench.provider.wire.content_type}
    for framing in ("chunked", "length", "close"):
        answer = Answer([], 200, kind, framing=framing)
        _refused(bench, answer, TruncatedStreamError, MalformedDataError)


@law(where="http", examples=0)
def no_headers(bench: Bench) -> None:
    """A connection that is closed or reset before the headers is a `ConnectionLostError`."""
    for end in (End.CUT, End.RESET):
        _refused(bench, Answer(status=None, end=end), ConnectionLostError)


@law(where="http", examples=0)
def whole_answer_broken(bench: Bench) -> None:
    """An answer that is not streamed and breaks off, or is not JSON, is an error."""
    whole = bench.provider.whole_body()
    kind = {"Content-Type": "application/json"}
    cases = (
        (Answer([whole[: len(whole) // 2]], 200, kind), (MalformedDataError, TruncatedStreamError)),
        (Answer([whole[: len(whole) // 2]], 200, kind, end=End.CUT), (ConnectionLostError,)),
        (Answer([b"not at all"], 200, kind), (MalformedDataError, TruncatedStreamError)),
    )
    for answer, expected in cases:
        bench.provider.answer(answer)
        observed = observe(bench.way, bench.wrapper(), stream=False)
        check_error(observed.error, *expected)
        must(observed.refused, "a call without streaming gave a response, and only reading it raised")
