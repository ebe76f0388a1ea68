"""Laws about what is asked, and when it is asked again: before the first delta, and never afterwards."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING

from modelstream.deltas import ReasoningDelta, TextDelta
from modelstream.errors import AuthenticationError, BadRequestError, ProviderError, StreamError
from modelstream.testing._kit.bench import typed
from modelstream.testing._kit.heard import complete, hear
from modelstream.testing._kit.law import Laws, clipped, must, same
from modelstream.testing._kit.rig import MODEL_NAME
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.take import Fault, Take
from modelstream.testing.server import Answer, End

if TYPE_CHECKING:
    from modelstream.testing._kit.bench import Bench

_laws = Laws()
laws = _laws.laws
law = _laws.law

HELLO = Script([TextDelta("Hel"), TextDelta("lo")])
AT_ONCE = {"Retry-After": "0"}


@law(where="http", examples=0)
def messages_sent(bench: Bench) -> None:
    """All messages of the caller reach the provider, in their order, and are left as they were."""
    said = ["the first question", "an answer to it", "the question after that"]
    messages = [
        {"role": role, "content": text}
        for role, text in zip(("user", "assistant", "user"), said, strict=True)
    ]
    for stream in (True, False):
        bench.stage.play(Take(HELLO, whole=not stream))
        given = copy.deepcopy(messages)
        bench.way.text(bench.way.call(bench.wrapper(), given, stream=stream))
        same(given, messages, "the caller's messages, after the call")
        asked = bench.stage.server.requests[-1].body.decode("utf-8", "replace")
        places = [asked.find(text) for text in said]
        must(
            min(places) >= 0 and places == sorted(places), f"{said} are not in the request: {clipped(asked)}"
        )


@law(where="http", examples=0)
def model_named(bench: Bench) -> None:
    """The `model_name` of the config reaches the provider."""
    bench.stage.play(Take(HELLO))
    bench.way.text(bench.way.call(bench.wrapper()))
    request = bench.stage.server.requests[-1]
    asked = request.path + request.body.decode("utf-8", "replace")
    must(MODEL_NAME in asked, f"{MODEL_NAME!r} is not in the request: {clipped(asked)}")


@law(where="http", examples=0)
def retried_before_the_first_delta(bench: Bench) -> None:
    """Before the first delta, 429, 5xx and a lost connection are tried again, `max_retries` times."""
    stage = bench.stage
    for status in (429, 500, 503):
        stage.answer(
            stage.refuse(status, AT_ONCE), stage.refuse(status, AT_ONCE), stage.performed(Take(HELLO))
        )
        complete(hear(bench.way, bench.wrapper(max_retries=2)), HELLO)
        same(stage.calls, 3, f"HTTP {status} twice, max_retries=2: the number of requests")
    stage.answer(Answer(status=None, end=End.CUT), stage.performed(Take(HELLO)))
    complete(hear(bench.way, bench.wrapper(max_retries=1)), HELLO)
    same(stage.calls, 2, "closed before the headers, max_retries=1: the number of requests")
    stage.answer(stage.refuse(503, AT_ONCE))
    typed(hear(bench.way, bench.wrapper(max_retries=1)).error, ProviderError)
    same(stage.calls, 2, "HTTP 503 for ever, max_retries=1: the number of requests")


@law(where="http", examples=0)
def no_retries_of_its_own(bench: Bench) -> None:
    """With `max_retries=0` there is one request, whatever happens: what is below does not retry."""
    stage = bench.stage
    for status in (408, 409, 429, 500, 503):
        stage.answer(stage.refuse(status, AT_ONCE))
        typed(hear(bench.way, bench.wrapper(max_retries=0)).error, StreamError)
        same(stage.calls, 1, f"HTTP {status}, max_retries=0: the number of requests")
    stage.answer(Answer(status=None, end=End.CUT))
    typed(hear(bench.way, bench.wrapper(max_retries=0)).error, StreamError)
    same(stage.calls, 1, "closed before the headers, max_retries=0: the number of requests")


@law(where="http", examples=0)
def retry_after_kept(bench: Bench) -> None:
    """A further attempt waits for as long as `Retry-After` says."""
    stage = bench.stage
    stage.answer(stage.refuse(429, {"Retry-After": "1"}), stage.performed(Take(HELLO)))
    began = time.monotonic()
    complete(hear(bench.way, bench.wrapper(max_retries=2)), HELLO)
    took = time.monotonic() - began
    must(took >= 1.0, f"the provider wanted 1 s of rest, the next request came after {took:.2f} s")


@law(where="http", examples=0)
def no_retry_of_refusals(bench: Bench) -> None:
    """What will not change by asking again, 400 and 401, is not tried again."""
    stage = bench.stage
    for status, kind in ((400, BadRequestError), (401, AuthenticationError)):
        stage.answer(stage.refuse(status, AT_ONCE))
        typed(hear(bench.way, bench.wrapper(max_retries=2)).error, kind)
        same(stage.calls, 1, f"HTTP {status}, max_retries=2: the number of requests")


@law(where="http", examples=0)
def no_retry_after_the_first_delta(bench: Bench) -> None:
    """Once text was shown nothing is tried again, so no text is ever repeated."""
    thought = [ReasoningDelta("hm")] if bench.features.reasoning else []
    for script in (HELLO, Script([*thought, *HELLO.deltas])):
        heard = bench.hear(Take(script, 1, Fault.CUT), max_retries=2)
        typed(heard.error, StreamError)
        same(bench.stage.calls, 1, f"lost behind {script.deltas[0]!r}: the number of requests")
    for fault in (Fault.ENDS, Fault.RESET):
        take = Take(HELLO, 1, fault)
        heard = bench.hear(take, max_retries=2)
        typed(heard.error, StreamError)
        same(bench.stage.calls, 1, f"{fault.value}: the number of requests")
