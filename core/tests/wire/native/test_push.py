"""Bytes are passed on in the callback in which they arrive."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from contextvars import ContextVar
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream import Finish, ModelWrapper
from modelstream.call.backpressure import AHEAD
from modelstream.errors import ConnectionLostError, MalformedDataError, StreamError
from modelstream.testing.server import Answer, End, Gate, LoopbackServer
from modelstream.wire import OpenAIFrames, SseFramer, WireWrapper
from modelstream.wire.native import HttpRequest, apost, loops
from modelstream.wire.native.connection import Connection

SOON = 20.0


@pytest.fixture
def server():
    with LoopbackServer() as server:
        yield server


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine in an event loop of one kind."""
    with asyncio.Runner(loop_factory=pytest.importorskip(request.param).new_event_loop) as runner:
        yield runner.run


@asynccontextmanager
async def answer_of(server):
    answer = await apost(HttpRequest(server.url, {}, b"{}"), timeout=SOON)
    try:
        yield answer
    finally:
        await answer.aclose()


def test_each_piece_when_it_comes(run, server):
    gate = Gate()
    server.play(Answer([b"Hel", gate, b"lo"]))
    pieces = []

    def take(piece):
        pieces.append(piece)
        gate.open()  # the second piece is sent only after the first was read
        return True

    async def read():
        async with answer_of(server) as answer:
            assert await answer.apush(take)
        async with answer_of(server) as answer:
            assert await answer.apush(take)

    run(read())
    assert pieces[:2] == [b"Hel", b"lo"]
    assert b"".join(pieces) == b"HelloHello"
    assert len(server.connections) == 1  # which was read to the end, and so used again


def test_a_reader_that_pauses_gets_the_rest_later(run, server):
    gate = Gate()
    server.play(Answer([b"one ", gate, b"two ", b"three"]))
    pieces = []

    def take(piece):
        pieces.append(piece)
        return False

    async def read():
        async with answer_of(server) as answer:
            assert not await answer.apush(take)
            assert pieces == [b"one "]
            gate.open()
            while not await answer.apush(take):
                pass

    run(read())
    assert b"".join(pieces) == b"one two three"


def test_an_exception_of_take_ends_the_exchange(run, server):
    server.play(Answer([b"Hello"], end=End.SILENCE))

    def take(piece):
        raise LookupError(piece)

    async def read():
        async with answer_of(server) as answer:
            with pytest.raises(LookupError):
                await answer.apush(take)

    run(read())
    assert server.connections[0].disconnected.wait(SOON)


def test_an_exception_of_take_in_a_callback_ends_the_exchange(run, server):
    gate = Gate()
    server.play(Answer([gate, b"Hello"], end=End.SILENCE))

    def take(piece):
        raise LookupError(piece)

    async def read():
        async with answer_of(server) as answer:
            asyncio.get_running_loop().call_soon(gate.open)  # by then it waits
            with pytest.raises(LookupError):
                await answer.apush(take)

    run(read())
    assert server.connections[0].disconnected.wait(SOON)


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_a_connection_that_breaks(run, server, end):
    server.play(Answer([b"Hello"], end=end))

    async def read():
        async with answer_of(server) as answer:
            with pytest.raises((ConnectionLostError, ConnectionResetError)):
                await answer.apush(lambda _: True)

    run(read())


def test_a_piece_that_comes_before_the_task_has_its_turn_waits(run, server):
    server.play(Answer([Gate()]))
    pieces = []

    def take(piece):
        pieces.append(piece)
        return False

    async def read():
        async with answer_of(server) as answer:
            reader = asyncio.create_task(answer.apush(take))
            await asyncio.sleep(0)
            for chunk in (b"3\r\none\r\n", b"3\r\ntwo\r\n"):  # as two reads of the socket in one turn do
                answer._connection.data_received(chunk)
            assert not await reader
            assert pieces == [b"one"]
            assert not await answer.apush(take)

    run(read())
    assert pieces == [b"one", b"two"]


def test_pieces_arrive_in_the_context_of_the_caller(run, server):
    whose: ContextVar[str] = ContextVar("whose", default="none")
    found = []

    async def read(name):
        whose.set(name)
        gate = Gate()
        server.play(Answer([gate, b"a"]))
        async with answer_of(server) as answer:

            def take(piece):
                found.append(whose.get())
                return True

            asyncio.get_running_loop().call_soon(gate.open)  # by then it waits
            assert await answer.apush(take)

    async def main():
        # The second call uses the connection that the first one opened, in another context.
        await asyncio.create_task(read("one"))
        await asyncio.create_task(read("two"))

    run(main())
    assert len(server.connections) == 1
    assert found == ["one", "two"]


def test_a_cancelled_task_gets_nothing_more(run, server):
    gate = Gate()
    server.play(Answer([b"Hello", gate, b"again"]))
    pieces = []

    async def read():
        async with answer_of(server) as answer:
            first = asyncio.Event()

            def take(piece):
                pieces.append(piece)
                first.set()
                return True

            reader = asyncio.create_task(answer.apush(take))
            await first.wait()
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
            gate.open()
            assert await answer.aread() == b"again"

    run(read())
    assert pieces == [b"Hello"]


class NativeChat(WireWrapper):
    """A wrapper whose bytes are pushed."""

    model_type = "native_chat"
    framer = SseFramer

    def __init__(self, url, **fields):
        super().__init__(**fields)
        self.url = url

    async def aopen(self, request):
        self.answer = await apost(HttpRequest(self.url, {}, b"{}"), timeout=SOON)
        return self.answer

    def frame_reader(self, request):
        return OpenAIFrames()


def event(text):
    return b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % text


def end(reason):
    return b'data: {"choices":[{"delta":{},"finish_reason":"%s"}]}\n\ndata: [DONE]\n\n' % reason


def test_slow_readers_cause_backpressure(run, server):
    # More than the socket buffers hold, in pieces larger than the backpressure limit.
    piece = event(b"x" * 400) * (AHEAD + 1)
    gate = Gate()
    server.play(Answer([piece] * 60 + [gate, end(b"stop")]))

    async def read():
        model = NativeChat(server.url)
        response = await model.acall("hi", stream=True)
        while not model.answer._connection._paused:  # noqa: ASYNC110 (it has no event)
            await asyncio.sleep(0)
        assert not gate.reached.is_set()
        assert response._transcript.count < 10 * AHEAD
        gate.open()
        return len([snapshot async for snapshot in response.stream])

    assert run(read()) == 60 * (AHEAD + 1) + 1


def test_an_invalid_frame_fails_after_the_frames_before_it(run, server):
    server.play(Answer([event(b"Hello") + b"data: {\n\n" + event(b" again")]))

    async def read():
        response = await NativeChat(server.url).acall("hi", stream=True)
        with pytest.raises(MalformedDataError) as caught:
            await response.get_text()
        return caught.value.partial_text

    assert run(read()) == "Hello"


class CallbackChat(ModelWrapper):
    """A wrapper whose deltas arrive in callbacks: the use of `Request.hand_on`."""

    model_type = "callback_chat"

    async def adeltas(self, request):
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        answers = []

        def come(text):
            answers.append(request.hand_on(text))
            if text == "c":
                over.set_result(None)

        yield None
        for text in "abc":
            loop.call_soon(come, text)
        await over
        assert answers == [True, True, True]
        yield Finish("stop")


def test_a_wrapper_with_its_own_callbacks(run):
    async def read():
        response = await CallbackChat().acall("hi", stream=True)
        return [tuple(snapshot) async for snapshot in response.stream]

    assert run(read()) == [(False, "a"), (False, "ab"), (False, "abc"), (True, "abc")]


def test_a_caller_that_is_gone_gets_nothing_more(run):
    results = []

    class LongChat(ModelWrapper):
        model_type = "long_chat"

        async def adeltas(self, request):
            yield "a"
            hand_on = request.hand_on
            try:
                await asyncio.Event().wait()
            finally:
                results.append(hand_on("b"))

    async def read():
        response = await LongChat().acall("hi", stream=True)
        await response.aclose()
        return response.partial_text

    assert run(read()) == "a"
    assert results == [False]


class NoTransport(asyncio.Transport):
    """The transport of a connection that is fed by hand."""

    def write(self, data):
        """Forget it."""

    def abort(self):
        """Nothing is open."""

    def is_closing(self):
        """Never."""
        return False


class PulledStream:
    """An answer whose bytes can only be iterated over."""

    def __init__(self, answer):
        self.status, self.headers = answer.status, answer.headers
        self.aread, self.adrain, self.aclose = answer.aread, answer.adrain, answer.aclose
        self._answer = answer

    def __aiter__(self):
        return self._answer


class FedChat(NativeChat):
    """A wrapper whose connection is fed by hand; its bytes are pushed or pulled."""

    model_type = "fed_chat"

    def __init__(self, *, pushed):
        super().__init__("", max_retries=0)
        self.pushed = pushed
        self.connection = Connection()
        self.connection.connection_made(NoTransport())

    async def aopen(self, request):
        answer = loops.AsyncNativeStream(loops.LoopPool(), None, self.connection)
        await answer.begin(b"")
        return answer if self.pushed else PulledStream(answer)


async def shown(sent, places, *, pushed, raw):
    """All that readers are shown of an answer that arrives cut at these places and then breaks off."""
    model = FedChat(pushed=pushed)
    call = asyncio.ensure_future(model.acall("hi", stream=True, raw=raw))
    for begin, end in pairwise(sorted({0, *places, len(sent)})):
        await asyncio.sleep(0)
        model.connection.data_received(sent[begin:end])
    model.connection.connection_lost(None)
    snapshots = []
    try:
        response = await call
        async for snapshot in response.stream:
            snapshots.append((snapshot.delta, *snapshot))  # noqa: PERF401 (it may break off)
    except StreamError as failure:
        return snapshots, type(failure), failure.partial_text
    return snapshots, response.usage, response.raw


FRAMES = st.sampled_from(
    [
        event(b"Hel"),
        event("lö 🌍".encode()),
        event(b"\\ud83c"),
        event(b"\\udf0d"),
        b": a comment\n\n",
        b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n',
        b"data: {\n\n",
        b'event: error\ndata: {"error":{"message":"no"}}\n\n',
    ]
)


@given(
    frames=st.lists(FRAMES, max_size=6),
    complete=st.booleans(),
    chunks=st.integers(1, 80),
    data=st.data(),
    raw=st.booleans(),
)
def test_pushed_and_pulled_answers_are_equal(frames, complete, chunks, data, raw):
    body = b"".join(frames) + (end(b"stop") if complete else b"")
    pieces = [body[at : at + chunks] for at in range(0, len(body), chunks)]
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    sent = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked
    sent = sent[: data.draw(st.integers(1, len(sent)) | st.just(len(sent)))]
    places = data.draw(st.lists(st.integers(0, len(sent)), max_size=8))

    async def both():
        return [await shown(sent, places, pushed=pushed, raw=raw) for pushed in (True, False)]

    pushed, pulled = asyncio.run(both())
    assert pushed == pulled
