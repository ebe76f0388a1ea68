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
from modelstream.testing._kit.dialect_bench import failed, same_deltas
from modelstream.testing._kit.heard import comparable
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.laws.refusing import PAGE, STATUSES
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.strategies import parts, scripts, styles
from modelstream.testing._kit.take import WHY, Fault, Take
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
    """Calls that every provider takes: perhaps a system message, then user and assistant by turns."""
    messages = [{"role": "system", "content": draw(_words)}] if draw(st.booleans()) else []
    messages += [
        {"role": "assistant" if number % 2 else "user", "content": draw(_words)}
        for number in range(2 * draw(st.integers(0, 2)) + 1)
    ]
    return ChatRequest("some-model", messages, draw(_arguments), stream=draw(st.booleans()))


@law(script=scripts, style=styles)
def reads_what_it_writes(bench: DialectBench, script: Script, style: Style) -> None:
    """The deltas of a streamed answer that the dialect has written are read again, wherever it is cut."""
    worded = script.worded(bench.features.finishes)
    pieces, _ = bench.sheet(Take(script, style=style))
    news, error = bench.read(pieces)
    must(error is None, f"reading raised {error!r}")
    same_deltas(news, [*worded.deltas, *_end_of(worded)], bench.features)


@law(script=scripts, examples=0.1)
def every_split(bench: DialectBench, script: Script) -> None:
    """A body gives the same frames at every split, byte by byte, and all at once."""
    pieces, _ = bench.sheet(Take(script))
    bench.split_everywhere(b"".join(pieces))


@law(ways=("whole",), script=scripts)
def reads_the_whole_it_writes(bench: DialectBench, script: Script) -> None:
    """The body of an answer that is not streamed has all of the answer, and is read as that."""
    worded = script.worded(bench.features.finishes)
    news = bench.read_whole(bench.dialect.payload(bench.dialect.whole(worded)))
    text = [delta for delta in news if isinstance(delta, str | TextDelta)]
    same_deltas(text, [worded.text], bench.features)
    if bench.features.whole_reasoning:
        thoughts = [delta.text for delta in news if isinstance(delta, ReasoningDelta)]
        same("".join(thoughts), worded.reasoning, "the reasoning")
    same(_calls(news, bench), _calls(worded.deltas, bench), "the tool calls")
    same(_finishes(news), [worded.finish], "the ends")
    same_deltas(_usages(news), _usages(_end_of(worded)), bench.features)


@law(examples=0)
def every_finish_reason(bench: DialectBench) -> None:
    """Each reason is read as itself, with the provider's word, which the dialect adds where there is none."""
    finishes = bench.features.finishes
    for reason, word in finishes.items():
        for raw in (word, None):
            writer = bench.dialect.writer()
            documents = [*writer.start(), *writer.write("Hello"), *writer.end(Finish(reason, raw), None)]  # type: ignore[arg-type]
            news, error = bench.read(bench.dialect.packed(one, at) for at, one in enumerate(documents))
            must(error is None, f"reading raised {error!r}")
            if reason != "tool_calls":
                same(_finishes(news), [Finish(reason, word)], f"the ends of {reason!r}")  # type: ignore[arg-type]


@law(script=scripts, part=parts)
def no_end_before_its_marker(bench: DialectBench, script: Script, part: float) -> None:
    """An answer that is cut before its end marker, anywhere, has no end; with the marker it has one."""
    pieces, sheet = bench.sheet(Take(script))
    body = b"".join(pieces)
    must(sheet.marked is not None, "the writer wrote no end")
    marked, start = sheet.marked or 0, sheet.marker_from
    cut = int(part * start)
    for length in (cut, start):
        news, _ = bench.read([body[:length]])
        same(_finishes(news), [], f"the ends within the first {length} of {marked} bytes")
    news, _ = bench.read([body[:marked]])
    must(len(_finishes(news)) == 1, f"no end was read from the frame that `end_marker` names: {news}")


@law(examples=0)
def false_ends(bench: DialectBench) -> None:
    """What goes with the end marker, without the marker, is no end."""
    pieces, _ = bench.sheet(Take(HELLO, fault=Fault.FALSE_END))
    news, _ = bench.read(pieces)
    same(_finishes(news), [], "the ends")


@law(ways=("streamed", "whole"), examples=0)
def samples(bench: DialectBench) -> None:
    """Each sample is read as the deltas beside it, at every split."""
    found = bench.dialect.samples()
    must(found, f"{type(bench.dialect).__name__} ships no samples")
    for sample in (one for one in found if one.stream == (bench.way.name == "streamed")):
        if not sample.stream:
            same_sample(sample.name, bench.read_whole(sample.body), sample.deltas)
            continue
        news, error = bench.read([sample.body])
        kind = None if sample.error is None else getattr(errors, sample.error)
        must(type(error) is (kind or type(None)), f"the sample {sample.name!r} raised {error!r}")
        same_sample(sample.name, news, sample.deltas)
        bench.split_everywhere(sample.body)


def same_sample(name: str, news: list[str | Delta], deltas: tuple[Any, ...]) -> None:
    """What was read of a sample is what stands beside it."""
    same(list(joined(news)), list(deltas), f"the deltas of the sample {name!r}")


@law(needs="errors", examples=0)
def errors_in_the_answer(bench: DialectBench) -> None:
    """An error frame is a `ProviderError` with the provider's message, after the deltas before it."""
    pieces, _ = bench.sheet(Take(HELLO, fault=Fault.ERROR))
    news, error = bench.read(pieces)
    failed(error, ProviderError, message=WHY)
    same_deltas(news, HELLO.deltas, bench.features)


@law(examples=0)
def malformed_frames(bench: DialectBench) -> None:
    """A frame that is not valid is a `MalformedDataError`, after the deltas before it."""
    pieces, _ = bench.sheet(Take(HELLO, length=1, fault=Fault.MALFORMED))
    news, error = bench.read(pieces)
    must(isinstance(error, MalformedDataError), f"expected MalformedDataError, found {error!r}")
    same_deltas(news, HELLO.deltas[:1], bench.features)


@law(ways=("whole",), examples=0)
def refusals(bench: DialectBench) -> None:
    """Each HTTP status is the error that it should be, with the provider's message; a web page is none."""
    dialect = bench.dialect
    for status, kind in STATUSES.items():
        body = dialect.payload(dialect.refusal(status, "test_code", WHY))
        error = dialect.read_refusal(status, body, {"content-type": "application/json"})
        failed(error, kind, message=WHY)
        same(error.status, status, "the error's status")
    page = dialect.read_refusal(200, PAGE, {"content-type": "text/html"})
    failed(page, MalformedDataError, message="base_url")


@law(needs="both_requests", ways=("request",), request=chat_requests())
def requests_are_read_back(bench: DialectBench, request: ChatRequest) -> None:
    """A request that the dialect has written is read as the same call, with all of its arguments."""
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
    """A body that is no call is a `BadRequestError`."""
    path = (bench.dialect.routes or ("POST /",))[0].partition(" ")[2]
    for body in ({}, {"messages": "Hi"}, {"model": 3, "messages": [7], "contents": [7], "input": 7}):
        try:
            got = bench.dialect.read_request(path, body)
        except BadRequestError:
            continue
        must(held=False, what=f"{body} was read as {got!r}")


def _on_a_route(routes: tuple[str, ...], path: str) -> None:
    # Fields such as {model} stand for anything but a slash and the colon before a method.
    patterns = [re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route.partition(" ")[2])) for route in routes]
    on_one = any(re.fullmatch(pattern, path.partition("?")[0]) for pattern in patterns)
    must(on_one or not routes, f"the path {path!r} is none of the routes {routes}")


def _parsed(body: bytes) -> Mapping[str, Any]:
    parsed: Mapping[str, Any] = json.loads(body)
    return parsed


def _end_of(script: Script) -> list[Delta]:
    usage = script.usage
    if usage is None:
        return [script.finish]
    counts = (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.cached_tokens)
    return [script.finish, UsageDelta(*counts)]


def _finishes(news: Any) -> list[Finish]:
    return [delta for delta in news if isinstance(delta, Finish)]


def _usages(news: Any) -> list[Delta]:
    return [delta for delta in news if isinstance(delta, UsageDelta)]


def _calls(deltas: Any, bench: DialectBench) -> list[Any]:
    plain = [TextDelta(delta) if isinstance(delta, str) else delta for delta in deltas]
    return [comparable(call, bench.features) for call in Script(plain).tool_calls]
