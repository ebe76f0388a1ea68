"""Rows B1 to B48 of the observed behaviour of AgentScope 0.1.6: what is kept, and what is improved.

The rows about providers (B36 to B42) belong to their plugins, the look of the terminal to its sink.
"""

from __future__ import annotations

import json
import threading

import pytest

import modelstream
from modelstream import (
    AgentBase,
    ConnectionLostError,
    DialogAgent,
    Finish,
    MalformedDataError,
    Msg,
    ProviderError,
    RateLimitError,
    ReasoningDelta,
    StreamCancelledError,
    ToolCallDelta,
    TruncatedStreamError,
    UsageDelta,
    log_stream_msg,
)

HELLO = ("Hel", "lo, ", "wor", "ld", Finish())
PAIRS = [
    (False, "Hel"),
    (False, "Hello, "),
    (False, "Hello, wor"),
    (False, "Hello, world"),
    (True, "Hello, world"),
]


@pytest.fixture
def call(scripted):
    """Call a model that answers with this script, in streaming mode."""

    def call(*script, stream=True):
        config = {"model_type": "scripted", "stream": stream, "max_retries": 0}
        scripted(*script)
        return modelstream.load_model(config)("Hi")

    return call


@pytest.fixture
def bob(scripted):
    """A DialogAgent whose model answers with this script."""

    def agent(*script):
        scripted(*script)
        return DialogAgent("Bob", "", {"model_type": "scripted", "stream": True, "max_retries": 0})

    return agent


def question():
    return Msg("User", "Hi", "user")


def test_B01_reading_text_drains_a_stream_that_was_not_iterated(call):
    response = call(*HELLO)
    assert response.text == "Hello, world"


def test_B02_pairs_of_last_and_text_so_far_without_an_empty_one_at_the_start(call):
    assert list(call("", *HELLO).stream) == PAIRS


def test_B03_only_the_last_pair_is_the_last(call):
    lasts = [last for last, _ in call(*HELLO).stream]
    assert lasts == [False] * 4 + [True]


def test_B04_one_chunk_alone_can_be_spoken(call, sink):
    AgentBase("Bob").speak(call("Hello", Finish()).stream)
    assert sink.only.pairs == [(False, "Hello"), (True, "Hello")]
    log_stream_msg(Msg("Bob", "Hello", "assistant"), last=True)
    assert sink.records[1].pairs == [(False, "Hello"), (True, "Hello")]


def test_B05_an_empty_chunk_and_one_with_text(call, sink):
    AgentBase("Bob").speak(call("", "Hello", Finish()).stream)
    assert sink.only.text == "Hello"
    assert sink.only.outcome.state == "complete"


def test_B06_an_end_without_text_is_one_pair_and_nothing_at_all_is_an_error(call):
    response = call(Finish())
    assert list(response.stream) == [(True, "")]
    assert (response.text, response.finish_reason) == ("", "stop")
    with pytest.raises(TruncatedStreamError):
        call()


def test_B07_an_empty_chunk_and_the_end(call):
    response = call("", Finish())
    assert (list(response.stream), response.text) == ([(True, "")], "")


def test_B08_tool_calls_alone(call):
    response = call(
        ToolCallDelta(0, "1", "search", '{"q"'), ToolCallDelta(0, arguments=": 1}"), Finish("tool_calls")
    )
    assert list(response.stream) == [(True, "")]
    assert response.text == ""
    (found,) = response.tool_calls
    assert (found.id, found.name, found.arguments) == ("1", "search", '{"q": 1}')


def test_B09_text_and_then_a_tool_call(call):
    response = call("Hello", ToolCallDelta(0, "1", "search", "{}"), Finish("tool_calls"))
    assert response.text == "Hello"
    assert [found.name for found in response.tool_calls] == ["search"]


def test_B10_reasoning_is_kept_and_is_not_text(call):
    response = call(ReasoningDelta("hm, "), ReasoningDelta("yes"), "Hello", Finish())
    assert list(response.stream) == [(False, "Hello"), (True, "Hello")]
    assert response.reasoning == "hm, yes"


def test_B11_an_empty_chunk_in_the_middle_repeats_nothing(call):
    assert list(call("Hel", "", None, "lo", Finish()).stream) == [
        (False, "Hel"),
        (False, "Hello"),
        (True, "Hello"),
    ]


def test_B12_a_refusal_ends_the_answer_and_says_so(call):
    response = call("I can't help with that.", Finish("refusal"))
    assert response.text == "I can't help with that."
    assert response.finish_reason == "refusal"


def test_B13_an_answer_that_was_cut_for_length_differs_from_a_whole_one(call):
    response = call("Hel", Finish("length", "max_tokens"))
    assert list(response.stream)[-1] == (True, "Hel")
    assert (response.finish_reason, response.raw_finish_reason) == ("length", "max_tokens")


def test_B14_without_usage(call):
    response = call(*HELLO)
    assert (response.text, response.usage) == ("Hello, world", None)


def seen_until_error(response):
    """The texts that were read, and the error that ended them."""
    seen = []
    with pytest.raises(modelstream.StreamError) as caught:  # noqa: PT012
        for last, text in response.stream:
            assert not last
            seen.append(text)
    assert caught.value.partial_text == response.partial_text
    return seen, caught.value


def test_B15_a_connection_that_is_lost_in_mid_stream_loses_no_text(call):
    lost = ConnectionResetError("reset")
    seen, error = seen_until_error(call("Hel", "lo, ", lost))
    assert seen == ["Hel", "Hello, "]
    assert isinstance(error, ConnectionLostError)
    assert (error.partial_text, error.__cause__) == ("Hello, ", lost)


def test_B16_an_error_of_the_provider_in_mid_stream_loses_no_text(call):
    overloaded = ProviderError("overloaded")
    assert seen_until_error(call("Hel", "lo, ", overloaded)) == (["Hel", "Hello, "], overloaded)


def test_B17_malformed_data_in_mid_stream_loses_no_text(call):
    seen, error = seen_until_error(call("Hel", "lo, ", json.JSONDecodeError("no", "{", 1)))
    assert seen == ["Hel", "Hello, "]
    assert isinstance(error, MalformedDataError)


def test_B18_an_end_that_the_provider_did_not_mark_is_an_error(call):
    seen, error = seen_until_error(call("Hello"))
    assert seen == ["Hello"]
    assert isinstance(error, TruncatedStreamError)
    assert error.partial_text == "Hello"


@pytest.mark.parametrize("stream", [True, False])
def test_B19_what_the_provider_refuses_is_raised_by_the_call(call, stream):
    with pytest.raises(RateLimitError):
        call(RateLimitError("slow down", status=429), stream=stream)


def test_B20_after_a_failure_reading_the_text_raises_again(call):
    response = call("Hel", ConnectionLostError("gone"))
    for _ in range(2):
        with pytest.raises(ConnectionLostError):
            _ = response.text
    assert isinstance(response.error, ConnectionLostError)
    assert response.partial_text == "Hel"


def test_B21_reading_text_while_iterating_is_the_text_so_far(call):
    response = call(*HELLO)
    assert all(response.text == text for _, text in response.stream)


def test_B22_iterating_twice_gives_the_same_twice(call):
    response = call(*HELLO)
    assert response.stream is not response.stream
    assert list(response.stream) == list(response.stream) == PAIRS


def test_B23_after_a_break_a_second_loop_misses_nothing(call):
    response = call(*HELLO)
    for _ in response.stream:
        break
    assert list(response.stream) == PAIRS


def test_B24_after_a_break_the_text_is_whole_and_after_a_close_it_is_an_error(call):
    response = call(*HELLO)
    for _ in response.stream:
        break
    assert response.text == "Hello, world"
    response = call(*HELLO)
    for _ in response.stream:
        break
    response.close()
    assert response.partial_text == "Hel"
    with pytest.raises(StreamCancelledError):
        _ = response.text


def test_B25_a_text_that_was_set_holds_until_the_stream_is_iterated(call):
    response = call(*HELLO)
    response.text = "Z"
    assert response.text == "Z"
    assert list(response.stream) == PAIRS
    assert response.text == "Hello, world"


def test_B26_two_threads_iterate_and_each_sees_everything(call):
    response = call(*HELLO)
    seen = [[], []]
    threads = [threading.Thread(target=lambda mine=mine: mine.extend(response.stream)) for mine in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [PAIRS, PAIRS]


def test_B27_after_ctrl_c_the_message_is_closed_and_the_text_is_kept(call, sink):
    def ctrl_c():
        raise KeyboardInterrupt

    response = call("Hel", UsageDelta(3, 1), ctrl_c, *HELLO)
    with pytest.raises(KeyboardInterrupt):
        AgentBase("Bob").speak(response.stream)
    assert sink.only.pairs == [(False, "Hel")]
    assert sink.only.outcome.state == "cancelled"
    assert sink.only.outcome.usage.output_tokens == 1
    assert response.is_stream_exhausted
    assert (response.partial_text, response.usage.output_tokens) == ("Hel", 1)
    with pytest.raises(StreamCancelledError):
        _ = response.text


def test_B28_each_piece_is_yielded_before_the_next_is_requested(call):
    seen = []

    def seen_already(text):
        return lambda: seen[-1:] == [text] or pytest.fail(f"{text!r} was held back: {seen}")

    script = ("Hel", seen_already("Hel"), "lo", seen_already("Hello"), Finish())
    for _, text in call(*script).stream:
        seen.append(text)
    assert seen == ["Hel", "Hello", "Hello"]


@pytest.mark.parametrize("configured", [True, False])
@pytest.mark.parametrize("argument", [True, False, None])
def test_B29_stream_in_the_call_overrides_the_config(scripted, configured, argument):
    scripted(*HELLO)
    model = modelstream.load_model({"model_type": "scripted", "stream": configured})
    expected = configured if argument is None else argument
    assert (model("Hi", stream=argument).stream is not None) is expected


def test_B30_without_streaming_stream_is_none_and_the_idiom_works(call, sink):
    response = call(*HELLO, stream=False)
    assert (response.stream, response.text) == (None, "Hello, world")
    AgentBase("Bob").speak(response.stream or response.text)
    assert sink.only.text == "Hello, world"


def test_B31_the_sinks_learn_who_speaks_and_get_text_without_codes(bob, sink):
    bob(*HELLO)(question())
    assert (sink.only.name, sink.only.text) == ("Bob", "Hello, world")
    assert "\x1b" not in sink.only.name + sink.only.text


def test_B32_the_sinks_get_each_piece_before_the_next_is_requested(bob, sink):
    def shown_already(text):
        return lambda: sink.only.text == text or pytest.fail(f"{text!r} was held back")

    bob("Hel", shown_already("Hel"), "lo", shown_already("Hello"), Finish())(question())
    assert sink.only.text == "Hello"


def test_B33_lines_wide_characters_and_emoji_arrive_intact(bob, sink):
    pieces = ("first line\n", "第二行: 你好", "\n", "👩‍👩‍👧", " e\u0301", "\n\n", Finish())
    answer = bob(*pieces)(question())
    assert answer.content == sink.only.text == "".join(pieces[:-1])


def test_B33_characters_that_a_provider_splits_arrive_whole(bob, sink):
    assert bob("a\ud83d", "\ude00b", Finish())(question()).content == "a😀b"
    assert [text for _, text in sink.only.pairs] == ["a", "a😀b", "a😀b"]


def test_B34_a_message_that_fails_is_closed_and_says_why(bob, sink):
    with pytest.raises(ConnectionLostError):
        bob("Hel", ConnectionLostError("gone"))(question())
    assert sink.only.pairs == [(False, "Hel")]
    assert sink.only.outcome.state == "failed"
    assert isinstance(sink.only.outcome.error, ConnectionLostError)


def test_B35_an_empty_answer_is_an_empty_text(bob, sink):
    agent = bob(Finish())
    assert agent(question()).content == ""
    assert [m.content for m in agent.memory.get_memory()] == ["Hi", ""]
    assert sink.only.pairs == [(True, "")]
    assert sink.only.outcome.state == "complete"


def test_B43_usage_when_the_stream_was_drained(call):
    response = call(*HELLO, UsageDelta(7, 5))
    assert response.text == "Hello, world"
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (
        7,
        5,
        12,
    )


def test_B44_usage_of_a_stream_that_ended_early(call):
    response = call(UsageDelta(7, 1), "Hel", *HELLO)
    for _ in response.stream:
        break
    response.close()
    assert (response.usage.input_tokens, response.usage.output_tokens) == (7, 1)
    _, error = seen_until_error(call(UsageDelta(7, 1), "Hel", ConnectionLostError("gone")))
    assert error.usage.output_tokens == 1


def test_B45_usage_does_not_break_an_answer_that_is_complete(call):
    response = call(*HELLO, UsageDelta(7, 5), RuntimeError("the account could not be kept"))
    assert list(response.stream) == PAIRS
    assert response.text == "Hello, world"


def test_B46_usage_is_there_for_the_program_and_for_sinks(bob, sink):
    bob(*HELLO, UsageDelta(7, 5))(question())
    assert sink.only.outcome.usage.total_tokens == 12


def test_B47_a_failing_sink_affects_neither_the_stream_nor_the_others(bob, sink):
    class Gone(modelstream.StreamSink):
        def write(self, message, snapshot):
            raise ConnectionRefusedError("the studio is gone")

        def close(self, message, outcome):
            raise ConnectionRefusedError("the studio is gone")

    modelstream.init(sinks=[Gone(), sink])
    assert bob(*HELLO)(question()).content == "Hello, world"
    assert sink.only.pairs == PAIRS


@pytest.mark.parametrize("by_hand", [True, False])
def test_B48_text_that_does_not_continue_is_shown_afresh(sink, by_hand):
    pairs = [(False, "abc"), (False, "xyz12"), (True, "xyz12!")]
    if by_hand:
        msg = Msg("Bob", "", "assistant")
        for last, text in pairs:
            msg.content = text
            log_stream_msg(msg, last=last)
    else:
        AgentBase("Bob").speak(pair for pair in pairs)
    assert [text for _, text in sink.only.pairs] == ["abc", "xyz12", "xyz12!", "xyz12!"]
    assert sink.only.offsets == [0, 0, 5, 6]
