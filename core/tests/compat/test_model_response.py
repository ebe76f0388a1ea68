"""`ModelResponse(...)` as AgentScope 0.1 constructs it, with the behaviour of every other response."""

from __future__ import annotations

import gc
import weakref

import pytest

from modelstream import (
    ConnectionLostError,
    Finish,
    MalformedDataError,
    ModelResponse,
    StreamCancelledError,
    ToolCall,
)


def growing(*texts):
    yield from texts


def test_a_text():
    response = ModelResponse(text="Hi")
    assert (response.text, response.stream, response.finish_reason) == ("Hi", None, "stop")
    assert response.is_stream_exhausted
    assert ModelResponse("Hi").text == "Hi"
    assert ModelResponse().text == ""


def test_everything_else():
    response = ModelResponse("Hi", [0.5], ["a.png"], {"id": 1}, {"speech": "Hi"})
    assert (response.embedding, response.image_urls, response.raw, response.parsed) == (
        [0.5],
        ["a.png"],
        {"id": 1},
        {"speech": "Hi"},
    )
    response.parsed = None
    assert response.parsed is None


def test_responses_of_models_have_these_fields_too(scripted):
    response = scripted("Hi", Finish())()("x")
    assert (response.embedding, response.image_urls, response.parsed) == (None, None, None)
    response.parsed = {"speech": "Hi"}
    assert response.parsed == {"speech": "Hi"}


def test_a_stream_of_the_text_so_far():
    response = ModelResponse(stream=growing("He", "Hello", "Hello", "Hello!"))
    assert not response.is_stream_exhausted
    assert list(response.stream) == [(False, "He"), (False, "Hello"), (False, "Hello!"), (True, "Hello!")]
    assert response.text == "Hello!"
    assert response.finish_reason == "stop"
    assert list(response.stream)[-1] == (True, "Hello!")


def test_text_drains_the_stream():
    assert ModelResponse(stream=growing("He", "Hello")).text == "Hello"
    assert ModelResponse(stream=growing()).text == ""
    assert list(ModelResponse(stream=growing()).stream) == [(True, "")]


def test_the_stream_is_not_touched_before_the_first_read():
    touched = []

    def texts():
        touched.append(1)
        yield "Hi"

    response = ModelResponse(stream=texts())
    assert not touched
    assert response.text == "Hi"


def test_a_text_holds_until_the_stream_is_read():
    response = ModelResponse(text="before", stream=growing("Hi"))
    assert response.text == "before"
    assert list(response.stream) == [(False, "Hi"), (True, "Hi")]
    assert response.text == "Hi"


def test_each_text_is_yielded_before_the_next_is_requested():
    seen = []

    def texts():
        yield "He"
        assert seen == [(False, "He")]
        yield "Hello"
        assert seen[-1] == (False, "Hello")

    response = ModelResponse(stream=texts())
    seen.extend(iter(lambda stream=response.stream: next(stream, None), None))
    assert len(seen) == 3


def test_a_text_that_does_not_continue_is_an_error_with_a_fix():
    response = ModelResponse(stream=growing("Hello", "world"))
    with pytest.raises(
        MalformedDataError, match=r"yielded 'world', which does not start with .* 'Hello'"
    ) as caught:
        list(response.stream)
    assert "the whole text so far" in str(caught.value)
    assert response.partial_text == "Hello"


@pytest.mark.parametrize("item", [(False, "Hi"), None, 3])
def test_an_item_that_is_not_a_text_is_an_error(item):
    with pytest.raises(MalformedDataError, match="expected the text so far, a str"):
        _ = ModelResponse(stream=iter([item])).text


def test_a_str_is_not_a_stream():
    with pytest.raises(TypeError, match="pass a str as text="):
        ModelResponse(stream="Hello")


def test_an_exception_of_the_generator():
    def texts():
        yield "Hel"
        raise ConnectionResetError("reset")

    response = ModelResponse(stream=texts())
    with pytest.raises(ConnectionLostError) as caught:
        list(response.stream)
    assert caught.value.partial_text == "Hel"
    assert isinstance(caught.value.__cause__, ConnectionResetError)


@pytest.mark.parametrize("how", ["close", "drop"])
def test_the_generator_is_closed_with_the_response(how):
    closed = []

    def texts():
        try:
            yield "Hel"
            yield "Hello"
        finally:
            closed.append(1)

    generator = texts()
    response = ModelResponse(stream=generator)
    assert next(response.stream) == (False, "Hel")
    if how == "close":
        response.close()
        with pytest.raises(StreamCancelledError):
            _ = response.text
    else:
        ref = weakref.ref(response)
        del response
        gc.collect()
        assert ref() is None
    assert closed
    assert next(generator, None) is None


def test_tool_calls():
    block = {"type": "tool_use", "id": "1", "name": "search", "input": {"q": "é"}}
    response = ModelResponse("Hi", tool_calls=[block, ToolCall("2", "time", "{}")])
    assert response.tool_calls == [ToolCall("1", "search", '{"q": "é"}'), ToolCall("2", "time", "{}")]
    assert response.finish_reason == "tool_calls"
    streamed = ModelResponse(stream=growing("Hi"), tool_calls=[block])
    assert streamed.text == "Hi"
    assert [call.name for call in streamed.tool_calls] == ["search"]


@pytest.mark.parametrize("wrong", ["search", {"type": "tool_use", "input": {}}])
def test_an_invalid_tool_call(wrong):
    with pytest.raises(ValueError, match="is neither a ToolCall nor a tool_use block with a name"):
        ModelResponse(tool_calls=[wrong])
