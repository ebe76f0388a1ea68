"""Peculiarities of OpenAI-compatible servers, each with frames in the server's real form."""

from __future__ import annotations

import pytest

from modelstream.errors import ProviderError, TruncatedStreamError
from modelstream.testing.server import Answer


def choice(finish=None, index=0, **delta):
    return {"index": index, "delta": delta, "finish_reason": finish}


@pytest.fixture
def read_frames(server, model, wire, read):
    """Reads an answer that consists of the frames."""

    def read_frames(*frames, **arguments):
        server.play(Answer([frame if isinstance(frame, bytes) else wire.event(frame) for frame in frames]))
        return read(model, **arguments)

    return read_frames


def test_azure_first_sends_filter_results_without_choices(read_frames, wire):
    filtered = {"hate": {"filtered": False, "severity": "safe"}}
    got = read_frames(
        {"choices": [], "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": filtered}]},
        {"choices": [{**choice(role="assistant", content=""), "content_filter_results": {}}]},
        {"choices": [{**choice(content="Hello"), "content_filter_results": filtered}]},
        {"choices": [{**choice(), "content_filter_offsets": {"check_offset": 1}}]},
        {"choices": [choice("stop")]},
        wire.done,
    )
    assert (got.error, got.snapshots) == (None, [(False, "Hello"), (True, "Hello")])


def test_azure_filter_ends_the_answer(read_frames, wire):
    got = read_frames(
        {"choices": [choice(content="Hel")]}, {"choices": [choice("content_filter")]}, wire.done
    )
    assert (got.snapshots[-1], got.finish_reason) == ((True, "Hel"), "content_filter")


def test_azure_gets_its_key_header_and_api_version(server, model_of, read):
    azure_args = {"default_headers": {"api-key": "k"}, "default_query": {"api-version": "2024-10-21"}}
    assert read(model_of(server.url, client_args=azure_args)).text == "Hello"
    sent = server.requests[0]
    assert sent.path == "/v1/chat/completions?api-version=2024-10-21"
    assert sent.headers["api-key"] == "k"


def test_deepseek_sends_reasoning_first_and_usage_with_the_finish(read_frames, wire):
    counts = {"prompt_tokens": 9, "completion_tokens": 7, "prompt_cache_hit_tokens": 0}
    got = read_frames(
        {"choices": [choice(role="assistant", content=None, reasoning_content="")], "usage": None},
        {"choices": [choice(content=None, reasoning_content="Hm. ")]},
        {"choices": [choice(content="Hello", reasoning_content=None)]},
        {
            "choices": [choice("stop", content="", reasoning_content=None)],
            "usage": {**counts, "completion_tokens_details": {"reasoning_tokens": 4}},
        },
        wire.done,
    )
    assert (got.reasoning, got.text, got.finish_reason) == ("Hm. ", "Hello", "stop")
    assert (got.usage.input_tokens, got.usage.output_tokens, got.usage.reasoning_tokens) == (9, 7, 4)


def test_deepseek_sends_keep_alive_comments_and_a_finish_for_failure(read_frames):
    got = read_frames(
        b": keep-alive\n\n" * 3,
        {"choices": [choice(content="Hel")]},
        {"choices": [choice("insufficient_system_resource")]},
    )
    assert (type(got.error), got.error.partial_text) == (ProviderError, "Hel")


def test_groq_sends_usage_in_its_own_field(read_frames, wire):
    counts = {"id": "req_1", "usage": {"prompt_tokens": 8, "completion_tokens": 2}}
    got = read_frames(
        {"choices": [choice(role="assistant", content="")], "x_groq": {"id": "req_1"}},
        {"choices": [choice(content="Hello", reasoning="Hm. ")]},
        {"choices": [choice("stop")], "x_groq": counts},
        wire.done,
    )
    assert (got.error, got.text, got.reasoning) == (None, "Hello", "Hm. ")
    assert (got.usage.input_tokens, got.usage.output_tokens) == (8, 2)


def test_openrouter_sends_comments_and_reasoning_with_details(read_frames, wire):
    thought = {"type": "reasoning.text", "text": "Hm. "}
    got = read_frames(
        b": OPENROUTER PROCESSING\n\n",
        {"choices": [choice(content="", reasoning="Hm. ", reasoning_details=[thought])]},
        b": OPENROUTER PROCESSING\n\n",
        {"choices": [{**choice("stop", content="Hello"), "native_finish_reason": "end_turn"}]},
        {"choices": [choice(content="")], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "cost": 0.1}},
        wire.done,
    )
    assert (got.error, got.text, got.reasoning, got.usage.output_tokens) == (None, "Hello", "Hm. ", 2)


def test_openrouter_fails_in_the_middle_of_an_answer(read_frames):
    failed = {"error": {"code": 502, "message": "Provider returned error"}, "choices": [choice("error")]}
    got = read_frames({"choices": [choice(content="Hel")]}, failed)
    assert isinstance(got.error, ProviderError)
    assert (got.error.partial_text, got.error.status) == ("Hel", 502)
    assert "Provider returned error" in str(got.error)


def test_vllm_sends_usage_with_every_frame_and_a_stop_reason(read_frames, wire):
    def usage(output):
        return {"prompt_tokens": 5, "completion_tokens": output, "total_tokens": 5 + output}

    got = read_frames(
        {"choices": [choice(role="assistant", content="")], "usage": usage(0)},
        {"choices": [{**choice(content="Hel"), "logprobs": None, "token_ids": None}], "usage": usage(1)},
        {"choices": [choice(content="lo")], "usage": usage(2)},
        {"choices": [{**choice("stop", content=""), "stop_reason": 128009}], "usage": usage(3)},
        {"choices": [], "usage": usage(3)},
        wire.done,
    )
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (got.usage.input_tokens, got.usage.output_tokens) == (5, 3)


def test_vllm_aborts(read_frames, wire):
    got = read_frames({"choices": [choice(content="Hel")]}, {"choices": [choice("abort")]}, wire.done)
    assert (type(got.error), got.error.partial_text) == (ProviderError, "Hel")


def test_ollama_sends_whole_calls_with_the_same_index(read_frames, wire):
    def call(name):
        return {"index": 0, "id": f"call_{name}", "function": {"name": name, "arguments": '{"x":1}'}}

    got = read_frames(
        {"choices": [choice(role="assistant", content="", reasoning="Hm. ")]},
        {"choices": [choice(role="assistant", content="", tool_calls=[call("f")])]},
        {"choices": [choice(role="assistant", content="", tool_calls=[call("g")])]},
        {"choices": [choice("tool_calls", content="")]},
        {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}},
        wire.done,
    )
    assert got.calls == [("f", {"x": 1}), ("g", {"x": 1})]
    assert (got.reasoning, got.finish_reason, got.usage.output_tokens) == ("Hm. ", "tool_calls", 2)


def test_frames_without_choices_are_ignored_and_do_not_end_the_answer(read_frames, wire):
    got = read_frames({"choices": []}, {"choices": [choice(content="Hel")]}, {"choices": []}, wire.done)
    assert (type(got.error), got.error.partial_text) == (TruncatedStreamError, "Hel")


def test_only_the_first_choice_is_read_even_if_another_ends_first(read_frames, server, wire):
    got = read_frames(
        {"choices": [choice(content="Hel"), choice(index=1, content="Good ")]},
        {"choices": [choice(index=1, content="bye")]},
        {"choices": [choice("length", index=1)]},
        {"choices": [choice(content="lo")]},
        {"choices": [choice("stop")]},
        wire.done,
        n=2,
    )
    assert (got.snapshots[-1], got.finish_reason) == ((True, "Hello"), "stop")
    assert server.requests[0].json["n"] == 2


def test_snowflake_is_known_by_its_address_wherever_that_stands(model_of, monkeypatch):
    url = "https://x.snowflakecomputing.com/api/v2/cortex"
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert model_of("", base_url=url).end_marker() == "usage"
    assert model_of("", base_url=None, client_args={"base_url": url}).end_marker() == "usage"
    assert model_of("", base_url=url, end_marker="done").end_marker() == "done"
    assert model_of("", base_url="https://snowflakecomputing.com.example/v1").end_marker() is None
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    assert model_of("", base_url=None).end_marker() == "usage"
