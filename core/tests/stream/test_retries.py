"""A failed attempt is followed by another only before the first delta, and only where that may help."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from reading import ALL_FOUR, ASYNC_CALLER, SYNC_CALLER, look, read, run, until
from scripted import LIMIT, Gate, SyncScripted

from modelstream.call.held import Batch, Held
from modelstream.call.retries import Retries
from modelstream.deltas import Finish, ReasoningDelta, Usage, UsageDelta
from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ConnectionLostError,
    ContentFilteredError,
    MalformedDataError,
    MissingApiKeyError,
    ProviderError,
    RateLimitError,
    StreamCancelledError,
    StreamError,
    StreamTimeoutError,
    TruncatedStreamError,
)

every_way = pytest.mark.parametrize(("wrapper", "is_async"), ALL_FOUR.values(), ids=ALL_FOUR)
GOOD = ["a", Finish()]


def busy(**more: Any) -> ProviderError:
    return ProviderError("HTTP 503", status=503, retryable=True, **more)


WORTH_IT = {
    "5xx": busy,
    "429": lambda: RateLimitError("HTTP 429", status=429),
    "connection": lambda: ConnectionLostError("refused"),
    "raw": lambda: ConnectionResetError("reset by peer"),
    "empty": lambda: TruncatedStreamError("no frame"),
}
FINAL = {
    "key": lambda: AuthenticationError("HTTP 401"),
    "request": lambda: BadRequestError("HTTP 400"),
    "filter": lambda: ContentFilteredError("HTTP 400"),
    "quota": lambda: RateLimitError("HTTP 429", retryable=False),
    "redirect": lambda: ProviderError("HTTP 302"),
    "malformed": lambda: MalformedDataError("not JSON"),
    "timeout": lambda: StreamTimeoutError("too late", clock="first_delta"),
    "raw timeout": TimeoutError,
    "bug": lambda: KeyError("choices"),
}


@every_way
@pytest.mark.parametrize("make", WORTH_IT.values(), ids=WORTH_IT)
@pytest.mark.usefixtures("no_pauses")
def test_temporary_errors_are_retried(wrapper: type, is_async: bool, make: Any) -> None:
    model = wrapper([make()], [None, "", [], make()], GOOD, max_retries=2)
    seen = look(model, is_async=is_async)
    assert seen.pairs == [(False, "a"), (True, "a")]
    assert seen.error is None
    assert len(model.requests) == 3


@every_way
@pytest.mark.parametrize("make", FINAL.values(), ids=FINAL)
@pytest.mark.usefixtures("no_pauses")
def test_permanent_errors_are_final(wrapper: type, is_async: bool, make: Any) -> None:
    model = wrapper([make()], GOOD)
    seen = look(model, is_async=is_async)
    assert isinstance(seen.error, StreamError)
    assert seen.response is None, "B19: what fails before the first delta is raised by the call itself"
    assert len(model.requests) == 1


@every_way
@pytest.mark.parametrize("first", ["a", ReasoningDelta("hm")], ids=repr)
@pytest.mark.usefixtures("no_pauses")
def test_nothing_is_retried_after_the_first_delta(wrapper: type, is_async: bool, first: Any) -> None:
    model = wrapper([first, busy()], GOOD)
    seen = look(model, is_async=is_async)
    assert type(seen.error) is ProviderError
    assert seen.error.first_delta_seen
    assert len(model.requests) == 1


@every_way
@pytest.mark.usefixtures("no_pauses")
def test_counts_alone_are_not_shown(wrapper: type, is_async: bool) -> None:
    """Real providers send counts with every frame, and with the one that reports a failure."""
    model = wrapper([UsageDelta(7, 1), busy()], [None, UsageDelta(8), busy()], [UsageDelta(3), *GOOD])
    seen = look(model, is_async=is_async)
    assert seen.pairs == [(False, "a"), (True, "a")]
    assert seen.error is None
    assert seen.response.usage == Usage(3)
    assert len(model.requests) == 3


@every_way
def test_counts_do_not_shorten_the_pause(
    wrapper: type, is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    model = wrapper([UsageDelta(1), busy(retry_after=0.3)], GOOD)
    with caplog.at_level("WARNING", "modelstream"):
        assert look(model, is_async=is_async).text == "a"
    assert time.monotonic() - began >= 0.3
    assert [record.getMessage() for record in caplog.records] == [
        "scripted: attempt 1 failed (HTTP 503); the next one is in 0.3 s"
    ]


@every_way
@pytest.mark.usefixtures("no_pauses")
def test_an_iterator_that_ends_without_anything_is_retried(wrapper: type, is_async: bool) -> None:
    model = wrapper([], [None, ""], GOOD)
    assert look(model, is_async=is_async).text == "a"
    assert len(model.requests) == 3


@every_way
@pytest.mark.usefixtures("no_pauses")
def test_a_connection_is_lost_only_after_the_provider_has_answered(wrapper: type, is_async: bool) -> None:
    lost = look(wrapper([None, OSError("cut")], max_retries=0), is_async=is_async).error
    assert "the connection was lost (OSError: cut)" in str(lost)
    refused = look(wrapper([None, busy()], [OSError("no")], max_retries=1), is_async=is_async).error
    assert "the provider could not be reached (OSError: no)" in str(refused)


@every_way
@pytest.mark.parametrize("most", [0, 1, 3])
@pytest.mark.usefixtures("no_pauses")
def test_the_last_error_is_raised_when_the_attempts_are_used_up(
    wrapper: type, is_async: bool, most: int
) -> None:
    errors = [busy(code=str(number)) for number in range(most + 1)]
    model = wrapper(*[[error] for error in errors], max_retries=most)
    seen = look(model, is_async=is_async)
    assert seen.error is errors[-1]
    assert len(model.requests) == most + 1
    assert seen.error.model_type == "scripted"


@every_way
@pytest.mark.usefixtures("no_pauses")
def test_an_attempt_after_the_call_was_accepted(wrapper: type, is_async: bool) -> None:
    """The user has the response already and waits for the first delta."""
    gate = Gate()
    model = wrapper([None, gate, busy()], [None, "a", Finish()])
    gate.open()
    assert look(model, is_async=is_async).text == "a"
    assert len(model.requests) == 2


@every_way
@pytest.mark.usefixtures("no_pauses")
def test_half_a_character_of_a_failed_attempt_is_forgotten(wrapper: type, is_async: bool) -> None:
    seen = look(wrapper(["\ud83d", busy()], ["\ude00", "b", Finish()]), is_async=is_async)
    assert seen.pairs == [(False, "\ufffd"), (False, "\ufffdb"), (True, "\ufffdb")]
    seen = look(wrapper(["\ud83d", busy()], ["b", Finish()]), is_async=is_async)
    assert seen.pairs == [(False, "b"), (True, "b")]


@every_way
@pytest.mark.usefixtures("no_pauses")
def test_each_attempt_has_its_own_unchanged_request(wrapper: type, is_async: bool) -> None:
    def spoil(request: Any) -> None:
        request.messages.clear()
        request.arguments.clear()
        request.on_cancel(pytest.fail)

    model = wrapper([spoil, busy()], [spoil, busy()], GOOD, generate_args={"seed": 1})
    assert look(model, is_async=is_async).text == "a"
    first, second, third = model.requests
    assert first is not second is not third
    assert third.messages == [{"role": "user", "content": "hi"}]
    assert third.arguments == {"seed": 1}
    assert not third.cancelled


@every_way
@pytest.mark.usefixtures("no_pauses")
def test_the_failed_attempt_is_closed_before_the_next_one(wrapper: type, is_async: bool) -> None:
    closed: list[bool] = []
    model = wrapper([busy()], [lambda _: closed.append(model.closed.is_set()), *GOOD])
    assert look(model, is_async=is_async).text == "a"
    assert closed == [True]


# How long it waits


def test_the_pauses_grow_to_a_bound() -> None:
    retries = Retries(20)
    pauses = [retries.pause(busy(), float("inf")) for _ in range(20)]
    for pause, longest in zip(pauses, [0.5, 1, 2, 4, *[8] * 16], strict=True):
        assert longest / 2 <= pause <= longest
    assert len(set(pauses)) > 10, "clients that failed together would come back together"
    assert retries.pause(busy(), float("inf")) is None


@pytest.mark.parametrize(
    ("wish", "remaining", "pause"), [(7.5, 10, 7.5), (0.0, 10, 0.0), (7.5, 7.5, None), (7.5, 1, None)]
)
def test_retry_after_overrides_our_pause(wish: float, remaining: float, pause: float | None) -> None:
    assert Retries(1).pause(RateLimitError("429", retry_after=wish), remaining) == pause


@every_way
def test_retry_after_is_waited_for(wrapper: type, is_async: bool) -> None:
    times: list[float] = []
    note = lambda _: times.append(time.monotonic())  # noqa: E731
    model = wrapper([note, busy(retry_after=0.3)], [note, *GOOD])
    assert look(model, is_async=is_async).text == "a"
    assert 0.3 <= times[1] - times[0] < 1


@every_way
@pytest.mark.parametrize("limit", ["first_delta_timeout", "total_timeout"])
def test_a_retry_after_beyond_the_timeouts_is_not_waited_for(
    wrapper: type, is_async: bool, limit: str
) -> None:
    model = wrapper([busy(retry_after=5)], GOOD, **{limit: 1.0})
    since = time.monotonic()
    seen = look(model, is_async=is_async)
    assert type(seen.error) is ProviderError
    assert time.monotonic() - since < 1
    assert len(model.requests) == 1


def test_a_very_long_retry_after_without_timeouts_can_be_waited_for() -> None:
    """Longer than what a lock can wait."""
    limits = dict.fromkeys(("first_delta_timeout", "idle_timeout", "total_timeout"))
    model = SyncScripted([None, busy(retry_after=1e12)], GOOD, **limits)
    response = model("hi")
    threading.Timer(0.1, response.close).start()
    assert isinstance(read(response.stream, []), StreamCancelledError)


# Ending the pause


@pytest.mark.parametrize("wrapper", SYNC_CALLER.values(), ids=SYNC_CALLER)
def test_a_close_ends_the_pause(wrapper: type) -> None:
    failed = Gate()
    failed.open()
    model = wrapper([None, failed, busy(retry_after=60)], GOOD)
    response = model("hi")
    errors: list[Any] = []
    reader = threading.Thread(target=lambda: errors.append(read(response.stream, [])))
    reader.start()
    assert failed.reached.wait(LIMIT)
    time.sleep(0.05)  # for the pause to begin
    since = time.monotonic()
    response.close()
    reader.join(LIMIT)
    assert time.monotonic() - since < 0.5
    assert isinstance(errors[0], StreamCancelledError)
    assert len(model.requests) == 1


@pytest.mark.parametrize("wrapper", ASYNC_CALLER.values(), ids=ASYNC_CALLER)
def test_a_cancelled_call_ends_the_pause(wrapper: type) -> None:
    model = wrapper([busy(retry_after=60)], GOOD)

    async def main() -> float:
        task = asyncio.create_task(model.acall("hi"))
        await until(model.closed.is_set)
        await asyncio.sleep(0.05)
        since = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - since

    assert run(main()) < 0.5
    assert len(model.requests) == 1


@every_way
def test_a_timeout_ends_the_attempts(wrapper: type, is_async: bool) -> None:
    """The wait for the first delta is one wait, however many attempts it takes."""
    model = wrapper([busy(retry_after=0.1)], [Gate()], first_delta_timeout=0.4)
    since = time.monotonic()
    seen = look(model, is_async=is_async)
    assert isinstance(seen.error, StreamTimeoutError)
    assert 0.4 <= time.monotonic() - since < 0.4 * 1.5 + 0.3
    assert len(model.requests) == 2


# Errors that pass unchanged


@every_way
@pytest.mark.parametrize("kind", [ConfigError, MissingApiKeyError])
def test_a_config_error_passes_unchanged(wrapper: type, is_async: bool, kind: type) -> None:
    error = kind("no key: set SCRIPTED_API_KEY")
    model = wrapper([error], GOOD)
    with pytest.raises(kind) as caught:
        look(model, is_async=is_async)
    assert caught.value is error
    assert len(model.requests) == 1


@every_way
@pytest.mark.parametrize("error", [OSError("cut"), busy(), None], ids=repr)
def test_an_error_keeps_the_finish_reason_that_was_held(wrapper: type, is_async: bool, error: Any) -> None:
    held = Batch(["a"], Held(Finish("stop", "END"), strong=False, grace=9.0))
    seen = look(wrapper([held, *([error] if error else [])]), is_async=is_async)
    assert seen.error.raw_finish_reason == "END"
    assert seen.error.partial_text == "a"
