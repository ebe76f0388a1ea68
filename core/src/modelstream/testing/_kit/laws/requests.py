"""Laws about requests and retries: only before the first delta is a request sent again."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING

from modelstream.deltas import ReasoningDelta, TextDelta
from modelstream.errors import AuthenticationError, BadRequestError, ProviderError, StreamError
from modelstream.testing._kit.bench import check_error
from modelstream.testing._kit.law import Laws, clipped, must, same
from modelstream.testing._kit.observation import check_complete, observe
from modelstream.testing._kit.rig import MODEL_NAME
from modelstream.testing._kit.scenario import Fault, Scenario
from modelstream.testing._kit.script import Script
from modelstream.testing.server import Answer, End

if TYPE_CHECKING:
    from modelstream.testing._kit.bench import Bench

_laws = Laws()
laws = _laws.laws
law = _laws.law

HELLO = Script([TextDelta("Hel"), TextDelta("lo")])
NO_WAIT = {"Retry-After": "0"}


@law(where="http", examples=0)
def messages_sent(bench: Bench) -> None:
    """All messages of the caller reach the provider, in order, and the caller's list is not changed."""
    texts = ["the first question", "an answer to it", "the question after that"]
    messages = [
        {"role": role, "content": text}
        for role, text in zip(("user", "assistant", "user"), texts, strict=True)
    ]
    for stream in (True, False):
        bench.provider.play(Scenario(HELLO, whole=not stream))
        before = copy.deepcopy(messages)
        bench.way.text(bench.way.call(bench.wrapper(), before, stream=stream))
        same(before, messages, "the caller's messages, after the call")
        request_text = bench.provider.server.requests[-1].body.decode("utf-8", "replace")
        places = [request_text.find(text) for text in texts]
        must(
            min(places) >= 0 and places == sorted(places),
            f"{texts} are not in the request: {clipped(request_text)}",
        )


@law(where="http", examples=0)
def model_name_sent(bench: Bench) -> None:
    """The `model_name` of the config reaches the provider."""
    bench.provider.play(Scenario(HELLO))
    bench.way.text(bench.way.call(bench.wrapper()))
    request = bench.provider.server.requests[-1]
    request_text = request.path + request.body.decode("utf-8", "replace")
    must(MODEL_NAME in request_text, f"{MODEL_NAME!r} is not in the request: {clipped(request_text)}")


@law(where="http", examples=0)
def retried_before_the_first_delta(bench: Bench) -> None:
    """Before the first delta, 429, 5xx and a lost connection are retried, `max_retries` times."""
    provider = bench.provider
    for status in (429, 500, 503):
        provider.answer(
            provider.refuse(status, NO_WAIT),
            provider.refuse(status, NO_WAIT),
            provider.answer_for(Scenario(HELLO)),
        )
        check_complete(observe(bench.way, bench.wrapper(max_retries=2)), HELLO)
        same(provider.calls, 3, f"HTTP {status} twice, max_retries=2: the number of requests")
    provider.answer(Answer(status=None, end=End.CUT), provider.answer_for(Scenario(HELLO)))
    check_complete(observe(bench.way, bench.wrapper(max_retries=1)), HELLO)
    same(provider.calls, 2, "closed before the headers, max_retries=1: the number of requests")
    provider.answer(provider.refuse(503, NO_WAIT))
    check_error(observe(bench.way, bench.wrapper(max_retries=1)).error, ProviderError)
    same(provider.calls, 2, "HTTP 503 each time, max_retries=1: the number of requests")


@law(where="http", examples=0)
def no_hidden_retries(bench: Bench) -> None:
    """With `max_retries=0` only one request is sent: the SDK or HTTP library does not retry."""
    provider = bench.provider
    for status in (408, 409, 429, 500, 503):
        provider.answer(provider.refuse(status, NO_WAIT))
        check_error(observe(bench.way, bench.wrapper(max_retries=0)).error, StreamError)
        same(provider.calls, 1, f"HTTP {status}, max_retries=0: the number of requests")
    provider.answer(Answer(status=None, end=End.CUT))
    check_error(observe(bench.way, bench.wrapper(max_retries=0)).error, StreamError)
    same(provider.calls, 1, "closed before the headers, max_retries=0: the number of requests")


@law(where="http", examples=0)
def retry_after_respected(bench: Bench) -> None:
    """A retry waits for the time in `Retry-After`."""
    provider = bench.provider
    provider.answer(provider.refuse(429, {"Retry-After": "1"}), provider.answer_for(Scenario(HELLO)))
    began = time.monotonic()
    check_complete(observe(bench.way, bench.wrapper(max_retries=2)), HELLO)
    took = time.monotonic() - began
    must(took >= 1.0, f"Retry-After was 1 s, the next request was sent after {took:.2f} s")


@law(where="http", examples=0)
def no_retry_of_refusals(bench: Bench) -> None:
    """Errors that a retry can't fix, 400 and 401, are not retried."""
    provider = bench.provider
    for status, kind in ((400, BadRequestError), (401, AuthenticationError)):
        provider.answer(provider.refuse(status, NO_WAIT))
        check_error(observe(bench.way, bench.wrapper(max_retries=2)).error, kind)
        same(provider.calls, 1, f"HTTP {status}, max_retries=2: the number of requests")


@law(where="http", examples=0)
def no_retry_after_the_first_delta(bench: Bench) -> None:
    """After the first delta nothing is retried, so no text is repeated."""
    thought = [ReasoningDelta("hm")] if bench.features.reasoning else []
    for script in (HELLO, Script([*thought, *HELLO.deltas])):
        observed = bench.observe(Scenario(script, 1, Fault.CUT), max_retries=2)
        check_error(observed.error, StreamError)
        same(bench.provider.calls, 1, f"lost after {script.deltas[0]!r}: the number of requests")
    for fault in (Fault.ENDS, Fault.RESET):
        scenario = Scenario(HELLO, 1, fault)
        observed = bench.observe(scenario, max_retries=2)
        check_error(observed.error, StreamError)
        same(bench.provider.calls, 1, f"{fault.value}: the number of requests")
