"""The bytes of a provider on their way to LiteLLM: what is read directly, and what is watched."""

from __future__ import annotations

import asyncio
import gzip
import threading
import time

import pytest

from modelstream.errors import ConnectionLostError, MalformedDataError, TruncatedStreamError
from modelstream.testing.server import Answer, End, Gate
from modelstream_litellm import LiteLLMChat
from modelstream_litellm.sdk import litellm

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(60)]

LINES = {"Content-Type": "application/x-ndjson"}
GEMINI = b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]}%b}]}\n\n'
STOP = GEMINI % b',"finishReason":"STOP"'


@pytest.fixture
def deepseek(server):
    """A model that LiteLLM reads with its own code, in OpenAI's shape."""
    return LiteLLMChat(
        {"model_name": "deepseek/m", "base_url": f"{server.url}/v1", "api_key": "k", "max_retries": 0}
    )


@pytest.fixture
def gemini(server):
    def gemini(**fields):
        address = {"base_url": server.url, "api_key": "k", "max_retries": 0}
        return LiteLLMChat({"model_name": "gemini/m", **address, **fields})

    return gemini


def test_each_piece_arrives_at_once(server, deepseek, wire):
    gate = Gate()
    server.play(Answer([wire.text("Hel"), gate, wire.text("lo"), wire.text(None, "stop"), wire.done]))
    stream = deepseek("hi", stream=True).stream
    assert next(stream) == (False, "Hel")
    gate.open()
    assert list(stream) == [(False, "Hello"), (True, "Hello")]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_compressed_body(server, deepseek, other_of, read, wire, size):
    def packed(pieces):
        body = gzip.compress(b"".join(pieces))
        return [body[at : at + size] for at in range(0, len(body), size)]

    server.play(Answer(packed(wire.hello.body), headers={"Content-Encoding": "gzip"}))
    assert read(deepseek).snapshots[-1] == (True, "Hello")
    server.play(Answer(packed(wire.lines.body), headers={**LINES, "Content-Encoding": "gzip"}))
    got = read(other_of())
    assert (got.error, got.text, got.finish_reason) == (None, "Hello", "stop")


def test_the_connection_is_used_again(server, deepseek):
    async def run():
        for _ in range(5):
            assert await (await deepseek.acall("hi", stream=True)).get_text() == "Hello"

    asyncio.run(run())
    assert len(server.connections) < len(server.requests)


def test_a_web_page_in_place_of_a_stream(server, deepseek, read):
    server.play(Answer([b"<html>Welcome</html>"], headers={"Content-Type": "text/html"}))
    got = read(deepseek)
    assert type(got.error) is MalformedDataError
    assert "web page" in str(got.error)


def test_a_document_in_place_of_a_stream(server, deepseek, read):
    message = {"role": "assistant", "content": "Hello"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    server.play(Answer.of_json({"object": "chat.completion", "choices": [choice]}))
    got = read(deepseek)
    assert (got.error, got.text, got.finish_reason) == (None, "Hello", "stop")


def test_text_before_an_answer_is_reported(server, other_of, read, wire):
    server.play(Answer([wire.line("Hel"), b"upstream connect error\n"], headers=LINES))
    got = read(other_of())
    assert got.error.partial_text == "Hel"
    assert "upstream connect error" in str(got.error)


def test_silence_after_the_end_of_an_answer(server, gemini, read):
    server.play(Answer([STOP], end=End.SILENCE))
    before = time.monotonic()
    got = read(gemini(idle_timeout=1))
    assert (got.error, got.text, got.finish_reason) == (None, "Hello", "stop")
    assert time.monotonic() - before < 10


def test_silence_after_a_terminal_frame(server, other_of, read, wire):
    # LiteLLM asks Ollama about the model afterwards.
    server.play(Answer(list(wire.lines.body), headers=LINES, end=End.SILENCE), Answer.of_json({}))
    assert read(other_of()).snapshots[-1] == (True, "Hello")


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_a_connection_that_is_lost_before_the_first_piece(server, deepseek, gemini, read, end):
    for model in (deepseek, gemini()):
        server.play(Answer([], end=end))
        got = read(model)
        assert type(got.error) is ConnectionLostError
        assert "reached" not in str(got.error)


def test_many_answers_at_once_keep_their_own_ends_and_counts(server, wire):
    def whole(number):
        message = {"role": "assistant", "content": str(number)}
        finish = "length" if number % 2 else None
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return {"object": "chat.completion", "model": "m", "choices": [choice]}

    model = LiteLLMChat(
        {"model_name": "deepseek/m", "base_url": f"{server.url}/v1", "api_key": "k", "max_retries": 0}
    )
    server.play(*[Answer.of_json(whole(number)) for number in range(20)])
    ends = []

    def call():
        try:
            response = model("hi", stream=False)
            ends.append((int(response.text), response.raw_finish_reason))
        except TruncatedStreamError as error:
            ends.append((int(error.partial_text), None))

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == [(number, "length" if number % 2 else None) for number in range(20)]


def test_an_answer_that_litellm_makes_up_for_tests(read, model_of):
    got = read(model_of(), mock_response="Hello")
    assert (got.error, got.text, got.finish_reason) == (None, "Hello", "stop")
    got = read(model_of(), mock_response="Hello", stream=False)
    assert (got.error, got.text, got.finish_reason) == (None, "Hello", "stop")


def test_a_logger_of_the_user_is_still_called(read, deepseek):
    details = []
    assert read(deepseek, logger_fn=details.append).error is None
    assert details


@pytest.fixture
def own():
    """Creates a model that code of the user serves, which ends with `finish` and `usage`."""
    module = litellm()

    def own(finish, usage):
        chunk = {"is_finished": False, "finish_reason": "", "index": 0, "tool_use": None, "usage": None}
        end = {"is_finished": True, "finish_reason": finish, "usage": usage} if finish else {}
        chunks = [{**chunk, "text": "Hel"}, {**chunk, "text": "lo", **end}]

        class Own(module.CustomLLM):
            def streaming(self, *_, **__):
                return iter(chunks)

            async def astreaming(self, *_, **__):
                for one in chunks:
                    yield one

        module.custom_provider_map = [{"provider": "own", "custom_handler": Own()}]
        return LiteLLMChat({"model_name": "own/m", "max_retries": 0})

    yield own
    module.custom_provider_map = []


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}])
def test_code_of_the_user_is_a_provider(read, own, usage):
    got = read(own("stop", usage))
    assert (got.error, got.text, got.finish_reason) == (None, "Hello", "stop")
    counts = got.usage and {"prompt_tokens": got.usage.input_tokens}
    assert counts == (usage and {"prompt_tokens": 3})


def test_code_of_the_user_that_sends_no_finish(read, own):
    got = read(own(None, None))
    assert type(got.error) is TruncatedStreamError
    assert got.error.partial_text == "Hello"


@pytest.mark.parametrize("finish", ["stop", None])
def test_text_completions(server, read, wire, finish):
    choices = [{"text": text, "index": 0, "finish_reason": None} for text in ("Hel", "lo")]
    choices.append({"text": "", "index": 0, "finish_reason": finish})
    frame = {"id": "c", "object": "text_completion"}
    server.play(Answer([*[wire.event({**frame, "choices": [choice]}) for choice in choices], wire.done]))
    address = {"base_url": f"{server.url}/v1", "api_key": "k", "max_retries": 0}
    got = read(LiteLLMChat({"model_name": "text-completion-openai/m", **address}))
    assert (got.text, got.usage) == ("Hello", None)
    assert got.finish_reason == finish
    assert (got.error is None) == (finish is not None)


def test_end_marker(server, read, wire):
    fields = {"base_url": f"{server.url}/v1", "api_key": "k", "max_retries": 0, "end_marker": "done"}
    server.play(Answer([wire.text("Hello"), wire.done]))
    assert read(LiteLLMChat({"model_name": "deepseek/m", **fields})).finish_reason == "stop"
    server.play(Answer([GEMINI % b""]))
    fields.update(base_url=server.url, end_marker="eof")
    assert read(LiteLLMChat({"model_name": "gemini/m", **fields})).finish_reason == "stop"


def test_a_cut_answer_is_tried_again_only_before_the_first_piece(server, deepseek, wire):
    model = deepseek.__class__(
        {"model_name": "deepseek/m", "base_url": f"{server.url}/v1", "api_key": "k", "max_retries": 1}
    )
    server.play(Answer([], end=End.RESET), wire.hello)
    assert model("hi", stream=True).text == "Hello"


def test_a_task_that_is_cancelled_before_the_first_piece(server, deepseek):
    server.play(Answer([Gate()]))

    async def run():
        response = await deepseek.acall("hi", stream=True)
        task = asyncio.create_task(response.get_text())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await response.aclose()
        return await asyncio.to_thread(server.connections[-1].disconnected.wait, 5)

    assert asyncio.run(asyncio.wait_for(run(), 10))


@pytest.mark.parametrize("provider", ["openai", "deepseek"])
def test_a_timeout_for_the_headers_does_not_end_a_silent_answer(server, read, wire, provider):
    address = {"base_url": f"{server.url}/v1", "api_key": "k", "max_retries": 0}
    model = LiteLLMChat({"model_name": f"{provider}/m", **address, "timeout": 0.4, "first_delta_timeout": 1})
    server.play(Answer([wire.text("")], end=End.SILENCE))
    assert read(model).error.clock == "first_delta"
