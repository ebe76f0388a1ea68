"""Answers of the real engine, with the real weights, through the wrapper."""

from __future__ import annotations

import asyncio
import json
import re
import threading

import pytest

from modelstream.deltas import Finish, UsageDelta
from modelstream.errors import BadRequestError
from modelstream.request import Request
from modelstream_local import LocalChat

FACE = '[\U0001f600-\U0001f64f]{3} [一-龥]{3} "👩\u200d👧🇫🇷é"'


def test_an_answer_has_several_pieces_a_finish_and_usage(chat, request_for, collect):
    sentence = 'root ::= "The answer is " [0-9] "."'
    answer = collect(chat().deltas(request_for("What is 2+2?", grammar=sentence)))
    assert len(answer.of_type(str)) > 2
    assert re.fullmatch(r"The answer is [0-9]\.", answer.text)
    assert answer.finish == Finish("stop", raw="stop")
    assert answer.usage.output_tokens >= len(answer.of_type(str))
    assert answer.usage.input_tokens > 10
    assert isinstance(answer.items[-1], UsageDelta)


def test_the_first_item_is_none_when_the_engine_starts(chat, request_for):
    reader = chat(max_tokens=3).deltas(request_for())
    assert next(reader) is None
    assert "".join(part for batch in reader for part in batch or () if isinstance(part, str))


def test_async_answers_are_equal(chat, request_for, collect):
    model = chat(max_tokens=12)

    async def read_all():
        answer = collect()
        async for batch in model.adeltas(request_for()):
            answer.add(batch)
        return answer

    answer = asyncio.run(read_all())
    assert answer.text == collect(model.deltas(request_for())).text
    assert answer.finish.reason == "length"


def test_the_event_loop_is_not_blocked(chat, request_for, collect):
    model = chat(max_tokens=30)

    async def read_all():
        ticks = ticks_before_text = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.002)
                ticks += 1

        ticker = asyncio.create_task(tick())
        answer = collect()
        async for batch in model.adeltas(request_for("Why? " * 50, ignore_eos=True)):
            ticks_before_text = ticks_before_text or (ticks if batch else 0)
            answer.add(batch)
        ticker.cancel()
        return ticks_before_text, ticks, answer

    list(model.deltas(request_for(max_tokens=1)))  # loading blocks the event loop
    ticks_before_text, ticks, answer = asyncio.run(read_all())
    assert ticks_before_text > 10
    assert ticks - ticks_before_text > 30
    assert answer.finish.reason == "length"


def test_max_tokens_ends_with_length(chat, request_for, collect):
    answer = collect(chat(max_tokens=4).deltas(request_for("Tell me a long story.")))
    assert answer.finish == Finish("length", raw="length")
    assert answer.usage.output_tokens == 4


def test_a_full_context_ends_with_length(chat, request_for, collect):
    answer = collect(chat(context_length=256).deltas(request_for(ignore_eos=True, max_tokens=5000)))
    assert answer.finish.reason == "length"
    assert answer.usage.total_tokens == 256


def test_same_seed_same_answer(chat, request_for, collect):
    model = chat(temperature=1.0, max_tokens=20)
    first = collect(model.deltas(request_for(seed=7))).text
    assert collect(model.deltas(request_for(seed=7))).text == first
    assert collect(model.deltas(request_for(seed=8))).text != first


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "n_predict"])
def test_max_tokens_of_a_call_override_the_config(chat, request_for, collect, name):
    assert (
        collect(chat(max_tokens=50).deltas(request_for("Tell me a story.", **{name: 3}))).usage.output_tokens
        == 3
    )


def test_stop_words_end_the_answer(chat, request_for, collect):
    whole = collect(chat(max_tokens=30).deltas(request_for())).text
    cut = collect(chat(max_tokens=30).deltas(request_for(stop=[whole[10:14]])))
    assert cut.text == whole[: whole.index(whole[10:14])]
    assert cut.finish.reason == "stop"


def test_response_format_is_followed(chat, request_for, collect):
    schema = {"type": "object", "properties": {"happy": {"type": "boolean"}}, "required": ["happy"]}
    arguments = {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}
    answer = collect(chat(max_tokens=60).deltas(request_for("Are you happy?", **arguments)))
    assert isinstance(json.loads(answer.text)["happy"], bool)


def test_multibyte_characters_are_not_split(chat, request_for, collect):
    # Each of these characters takes two or three tokens; the grammar forces the model to write them.
    answer = collect(chat(max_tokens=80).deltas(request_for(grammar=f"root ::= {FACE}", temperature=1.5)))
    assert answer.text.endswith("👩\u200d👧🇫🇷é")
    assert "\ufffd" not in answer.text
    assert all(piece.encode() for piece in answer.of_type(str))


def test_two_concurrent_answers_do_not_mix(chat, collect):
    model = chat(max_tokens=200)
    alone = [collect(model.deltas(_letter_request(letter))).text for letter in "ab"]
    both_began = threading.Barrier(2, timeout=30)
    texts = {}

    def answer(letter):
        reader = model.deltas(_letter_request(letter))
        collected = collect([next(reader)])
        both_began.wait()
        for batch in reader:
            collected.add(batch)
        texts[letter] = collected.text

    threads = [threading.Thread(target=answer, args=(letter,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [texts["a"], texts["b"]] == alone == ["a" * 60, "b" * 60]


def test_more_calls_than_slots_wait_for_their_turn(chat, collect):
    model = chat(max_tokens=200)

    async def answer(letter):
        collected = collect()
        async for batch in model.adeltas(_letter_request(letter)):
            collected.add(batch)
        return collected.text

    async def all_at_once():
        return await asyncio.gather(*map(answer, "abcdef"))

    assert asyncio.run(all_at_once()) == [letter * 60 for letter in "abcdef"]


def _letter_request(letter):
    """A request whose answer can only be one letter, repeated."""
    grammar = f'root ::= "{letter}"{{60}}'
    return Request([{"role": "user", "content": f"Say {letter}."}], arguments={"grammar": grammar})


def test_messages_longer_than_the_context(chat, request_for):
    with pytest.raises(
        BadRequestError, match=r"\d{4} tokens long.* room for 2048: .*context_length"
    ) as raised:
        list(chat().deltas(request_for("hi " * 4000)))
    assert raised.value.status == 400


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": "hot"}, r"^Field 'temperature': type must be number, but is string$"),
        ({"seed": "x"}, "seed"),
        ({"response_format": {"type": "prose"}}, "response_format"),
        ({"tools": 5}, "tools"),
        ({"logit_bias": object()}, "serializable"),
    ],
)
def test_a_rejected_request_keeps_the_message_of_the_engine(chat, request_for, arguments, message):
    with pytest.raises(BadRequestError, match=message):
        list(chat().deltas(request_for(**arguments)))


def test_an_empty_list_of_messages_is_a_bad_request(chat):
    with pytest.raises(BadRequestError, match="messages is empty"):
        list(chat().deltas(Request([])))


def test_raw_chunks_are_kept_on_request(chat):
    request = Request([{"role": "user", "content": "Hi"}], arguments={"max_tokens": 3}, keep_raw=True)
    list(chat().deltas(request))
    assert request.raw_chunks[-1]["usage"]["completion_tokens"] == 3


def test_model_is_named_after_the_file(model_file, monkeypatch):
    assert LocalChat().config.model_name == "SmolLM2-135M-Instruct"
    assert LocalChat(model_path=str(model_file)).config.model_name == model_file.stem
    assert LocalChat(model_name="mine").config.model_name == "mine"
    monkeypatch.setenv("MODELSTREAM_LOCAL_MODEL", str(model_file))
    assert LocalChat().config.model_name == model_file.stem
