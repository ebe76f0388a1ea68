"""The laws that every dialect must keep."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from modelstream import errors
from modelstream.deltas import Finish, ReasoningDelta, TextDelta, UsageDelta
from modelstream.errors import BadRequestError, MalformedDataError, ProviderError
from modelstream.testing._kit.dialect_bench import check_failure, same_deltas
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.laws.refusals import PAGE, STATUSES
from modelstream.testing._kit.observation import comparable
from modelstream.testing._kit.scenario import ERROR_MESSAGE, Fault, Scenario
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.strategies import parts, scripts, styles
from modelstream.wire.dialect import ChatRequest
from modelstream.wire.samples import joined

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.testing._kit.dialect_bench import DialectBench
    from modelstream.testing._kit.style import Style

_laws = Laws(ways=("streamed",), examples=0.5)
LAWS = _laws.laws
law = _laws.law

HELLO = Script([TextDelta("Hel"), TextDelta("lo")])

_words = st.text(st.sampled_from('abc éö中😀\n"\\'), min_size=1, max_size=12).filter(str.strip)
_arguments = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0.0, 0.5, 1.0]),
        "top_p": st.sampled_from([0.25, 1.0]),
        "max_tokens": st.integers(1, 4096),
    },
)


@st.composite
def chat_requests(draw: st.DrawFn) -> ChatRequest:
    """Calls that every provider accepts: an optional system message, then user and assistant in turn."""
    messages = [{"role": "system", "content": draw(_words)}] if draw(st.booleans()) else []
    messages += [
        {"role": "assistant" if number % 2 else "user", "content": draw(_words)}
        for number in range(2 * draw(st.integers(0, 2)) + 1)
    ]
    return ChatRequest("some-model", messages, draw(_arguments), stream=draw(st.booleans()))


@law(script=scripts, style=styles)
def reads_what_it_writes(bench: DialectBench, script: Script, style: Style) -> None:
    """A streamed answer that the dialect writes is read as the same deltas, wherever its bytes are split."""
    with_raw_finish = script.with_raw_finish(bench.features.finishes)
    pieces, _ = bench.encode(Scenario(script, style=style))
    deltas, error = bench.read(pieces)
    must(error is None, f"reading raised {error!r}")
    same_deltas(deltas, [*with_raw_finish.deltas, *_end_of(with_raw_finish)], bench.features)


@law(script=scripts, examples=0.1)
def every_split(bench: DialectBench, script: Script) -> None:
    """A body has the same frames at every split, byte by byte, and in one piece."""
    pieces, _ = bench.encode(Scenario(script))
    bench.split_everywhere(b"".join(pieces))


@law(ways=("whole",), script=scripts)
def reads_the_whole_it_writes(bench: DialectBench, script: Script) -> None:
    """The body of an answer that is not streamed has the whole answer, and is read as such."""
    with_raw_finish = script.with_raw_finish(bench.features.finishes)
    deltas = bench.read_whole(bench.dialect.payload(bench.dialect.whole(with_raw_finish)))
    text = [delta for delta in deltas if isinstance(delta, str | TextDelta)]
    same_deltas(text, [with_raw_finish.text], bench.features)
    if bench.features.whole_reasoning:
        thoughts = [delta.text for delta in deltas if isinstance(delta, ReasoningDelta)]
        same("".join(thoughts), with_raw_finish.reasoning, "the reasoning")
    same(_calls(deltas, bench), _calls(with_raw_finish.deltas, bench), "the tool calls")
    same(_finishes(deltas), [with_raw_finish.finish], "the ends")
    same_deltas(_usages(deltas), _usages(_end_of(with_raw_finish)), bench.features)


@law(examples=0)
def every_finish_reason(bench: DialectBench) -> None:
    """Each finish reason is read back with the provider's own, which the dialect adds if it is missing."""
    finishes = bench.features.finishes
    for reason, word in finishes.items():
        for raw in (word, None):
            writer = bench.dialect.writer()
            documents = [*writer.start(), *writer.write("Hello"), *writer.end(Finish(reason, raw), None)]  # type: ignore[arg-type]
            deltas, error = bench.read(bench.dialect.packed(one, at) for at, one in enumerate(documents))
            must(error is None, f"reading raised {error!r}")
            if reason != "tool_calls":
                same(_finishes(deltas), [Finish(reason, word)], f"the ends of {reason!r}")  # type: ignore[arg-type]


@law(script=scripts, part=parts)
def no_end_before_its_marker(bench: DialectBench, script: Script, part: float) -> None:
    """An answer that is cut anywhere before its end marker has no `Finish`; with the marker it has one."""
    pieces, encoded = bench.encode(Scenario(script))
    body = b"".join(pieces)
    must(encoded.marker_end is not None, "the writer wrote no end")
    marker_end, start = encoded.marker_end or 0, encoded.marker_start
    cut = int(part * start)
    for length in (cut, start):
        deltas, _ = bench.read([body[:length]])
        same(_finishes(deltas), [], f"the ends within the first {length} of {marker_end} bytes")
    # Without any content, a finish word needs the frames after it.
    has_content = script.text or script.reasoning or script.tool_calls
    deltas, _ = bench.read([body[:marker_end] if has_content else body])
    must(len(_finishes(deltas)) == 1, f"no end was read from the frame that `end_marker` names: {deltas}")


@law(examples=0)
def false_ends(bench: DialectBench) -> None:
    """The frames that accompany the end marker, without the marker, are not an end."""
    pieces, _ = bench.encode(Scenario(HELLO, fault=Fault.FALSE_END))
    deltas, _ = bench.read(pieces)
    same(_finishes(deltas), [], "the ends")


@law(ways=("streamed", "whole"), examples=0)
def samples(bench: DialectBench) -> None:
    """Each sample is read as the deltas stored with it, at every split."""
    found = bench.dialect.samples()
    must(found, f"{type(bench.dialect).__name__} has no samples")
    for sample in (one for one in found if one.stream == (bench.way.name == "streamed")):
        if not sample.stream:
            same_sample(sample.name, bench.read_whole(sample.body), sample.deltas)
            continue
        deltas, error = bench.read([sample.body])
        kind = None if sample.error is None else getattr(errors, sample.error)
        must(type(error) is (kind or type(None)), f"the sample {sample.name!r} raised {error!r}")
        same_sample(sample.name, deltas, sample.deltas)
        bench.split_everywhere(sample.body)


def same_sample(name: str, found: list[str | Delta], expected: tuple[Any, ...]) -> None:
    """Check that the deltas read from a sample are the expected ones."""
    same(list(joined(found)), list(expected), f"the deltas of the sample {name!r}")


@law(needs="errors", examples=0)
def errors_in_the_answer(bench: DialectBench) -> None:
    """An error frame is a `ProviderError` with the provider's message, after the deltas before it."""
    pieces, _ = bench.encode(Scenario(HELLO, fault=Fault.ERROR))
    deltas, error = bench.read(pieces)
    check_failure(error, ProviderError, message=ERROR_MESSAGE)
    same_deltas(deltas, HELLO.deltas, bench.features)


@law(examples=0)
def malformed_frames(bench: DialectBench) -> None:
    """A frame that is not valid is a `MalformedDataError`, after the deltas before it."""
    pieces, _ = bench.encode(Scenario(HELLO, length=1, fault=Fault.MALFORMED))
    deltas, error = bench.read(pieces)
    must(isinstance(error, MalformedDataError), f"expected MalformedDataError, found {error!r}")
    same_deltas(deltas, HELLO.deltas[:1], bench.features)


@law(ways=("whole",), examples=0)
def refusals(bench: DialectBench) -> None:
    """Each HTTP status is mapped to its error type, with the provider's message; so is a web page."""
    dialect = bench.dialect
    for status, kind in STATUSES.items():
        body = dialect.payload(dialect.refusal(status, "test_code", ERROR_MESSAGE))
        error = dialect.read_refusal(status, body, {"content-type": "application/json"})
        check_failure(error, kind, message=ERROR_MESSAGE)
        same(error.status, status, "the error's status")
    page = dialect.read_refusal(200, PAGE, {"content-type": "text/html"})
    check_failure(page, MalformedDataError, message="base_url")


@law(needs="both_requests", ways=("request",), request=chat_requests())
def requests_are_read_back(bench: DialectBench, request: ChatRequest) -> None:
    """A request that the dialect writes is read as the same call, with all arguments."""
    written = bench.dialect.write_request(request)
    path = bench.dialect.path + written.path
    body: Any = bench.dialect.json(written.body)
    got = bench.dialect.read_request(path, _parsed(body), written.headers)
    for field in ("model", "messages", "stream"):
        same(getattr(got, field), getattr(request, field), f"`{field}`")
    kept = {name: got.arguments.get(name) for name in request.arguments}
    same(kept, request.arguments, "the arguments")
    _on_a_route(bench.dialect.routes, path)


@law(needs="reads_requests", ways=("request",), examples=0)
def bad_requests(bench: DialectBench) -> None:
    """A body that is not a valid call is a `BadRequestError`."""
    path = (bench.dialect.routes or ("POST /",))[0].partition(" ")[2]
    for body in ({}, {"messages": "Hi"}, {"model": 3, "messages": [7], "contents": [7], "input": 7}):
        try:
            got = bench.dialect.read_request(path, body)
        except BadRequestError:
            continue
        must(held=False, what=f"{body} was read as {got!r}")


def _on_a_route(routes: tuple[str, ...], path: str) -> None:
    # Fields such as {model} match anything except a slash, and the colon before a method.
    patterns = [re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route.partition(" ")[2])) for route in routes]
    on_one = any(re.fullmatch(pattern, path.partition("?")[0]) for pattern in patterns)
    must(on_one or not routes, f"the path {path!r} is not one of the routes {routes}")


def _parsed(body: bytes) -> Mapping[str, Any]:
    parsed: Mapping[str, Any] = json.loads(body)
    return parsed


def _end_of(script: Script) -> list[Delta]:
    usage = script.usage
    if usage is None:
        return [script.finish]
    counts = (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.cached_tokens)
    return [script.finish, UsageDelta(*counts)]


def _finishes(deltas: Any) -> list[Finish]:
    return [delta for delta in deltas if isinstance(delta, Finish)]


def _usages(deltas: Any) -> list[Delta]:
    return [delta for delta in deltas if isinstance(delta, UsageDelta)]


def _calls(deltas: Any, bench: DialectBench) -> list[Any]:
    plain = [TextDelta(delta) if isinstance(delta, str) else delta for delta in deltas]
    return [comparable(call, bench.features) for call in Script(plain).tool_calls]
