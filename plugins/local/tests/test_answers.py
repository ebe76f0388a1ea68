"""What the real engine says, with the real weights, and how a wrapper passes it on."""

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


def test_answer_comes_in_pieces_with_an_end_and_usage(chat, ask, heard):
    sentence = 'root ::= "The answer is " [0-9] "."'
    answer = heard(chat().deltas(ask("What is 2+2?", grammar=sentence)))
    assert len(answer.of(str)) > 2
    assert re.fullmatch(r"The answer is [0-9]\.", answer.text)
    assert answer.finish == Finish("stop", raw="stop")
    assert answer.usage.output_tokens >= len(answer.of(str))
    assert answer.usage.input_tokens > 10
    assert isinstance(answer.items[-1], UsageDelta)


def test_the_first_news_is_that_the_engine_has_begun(chat, ask):
    reader = chat(max_tokens=3).deltas(ask())
    assert next(reader) is None
    assert "".join(part for batch in reader for part in batch or () if isinstance(part, str))


def test_async_says_the_same(chat, ask, heard):
    model = chat(max_tokens=12)

    async def listen():
        answer = heard()
        async for batch in model.adeltas(ask()):
            answer.add(batch)
        return answer

    answer = asyncio.run(listen())
    assert answer.text == heard(model.deltas(ask())).text
    assert answer.finish.reason == "length"


def test_event_loop_runs_on_while_the_model_reads_and_writes(chat, ask, heard):
    model = chat(max_tokens=30)

    async def listen():
        ticks = read_by = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.002)
                ticks += 1

        ticking = asyncio.create_task(tick())
        answer = heard()
        async for batch in model.adeltas(ask("Why? " * 50, ignore_eos=True)):
            read_by = read_by or (ticks if batch else 0)
            answer.add(batch)
        ticking.cancel()
        return read_by, ticks, answer

    list(model.deltas(ask(max_tokens=1)))  # loading stops everything
    read_by, ticks, answer = asyncio.run(listen())
    assert read_by > 10
    assert ticks - read_by > 30
    assert answer.finish.reason == "length"


def test_max_tokens_ends_with_length(chat, ask, heard):
    answer = heard(chat(max_tokens=4).deltas(ask("Tell me a long story.")))
    assert answer.finish == Finish("length", raw="length")
    assert answer.usage.output_tokens == 4


def test_context_that_runs_out_ends_with_length(chat, ask, heard):
    answer = heard(chat(context_length=256).deltas(ask(ignore_eos=True, max_tokens=5000)))
    assert answer.finish.reason == "length"
    assert answer.usage.total_tokens == 256


def test_same_seed_same_answer(chat, ask, heard):
    model = chat(temperature=1.0, max_tokens=20)
    first = heard(model.deltas(ask(seed=7))).text
    assert heard(model.deltas(ask(seed=7))).text == first
    assert heard(model.deltas(ask(seed=8))).text != first


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "n_predict"])
def test_length_of_a_call_overrides_that_of_the_config(chat, ask, heard, name):
    assert heard(chat(max_tokens=50).deltas(ask("Tell me a story.", **{name: 3}))).usage.output_tokens == 3


def test_stop_words_end_the_answer(chat, ask, heard):
    whole = heard(chat(max_tokens=30).deltas(ask())).text
    cut = heard(chat(max_tokens=30).deltas(ask(stop=[whole[10:14]])))
    assert cut.text == whole[: whole.index(whole[10:14])]
    assert cut.finish.reason == "stop"


def test_response_format_is_kept_to(chat, ask, heard):
    schema = {"type": "object", "properties": {"happy": {"type": "boolean"}}, "required": ["happy"]}
    arguments = {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}
    answer = heard(chat(max_tokens=60).deltas(ask("Are you happy?", **arguments)))
    assert isinstance(json.loads(answer.text)["happy"], bool)


def test_characters_of_several_bytes_come_whole(chat, ask, heard):
    # The model writes each of these in two or three tokens; a grammar makes it write them.
    answer = heard(chat(max_tokens=80).deltas(ask(grammar=f"root ::= {FACE}", temperature=1.5)))
    assert answer.text.endswith("👩\u200d👧🇫🇷é")
    assert "\ufffd" not in answer.text
    assert all(piece.encode() for piece in answer.of(str))


def test_two_at_once_are_both_answered_and_do_not_mix(chat, heard):
    model = chat(max_tokens=200)
    alone = [heard(model.deltas(_only(letter))).text for letter in "ab"]
    both_began = threading.Barrier(2, timeout=30)
    together = {}

    def answer(letter):
        reader = model.deltas(_only(letter))
        said = heard([next(reader)])
        both_began.wait()
        for batch in reader:
            said.add(batch)
        together[letter] = said.text

    threads = [threading.Thread(target=answer, args=(letter,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together["a"], together["b"]] == alone == ["a" * 60, "b" * 60]


def test_more_calls_than_slots_wait_for_their_turn(chat, heard):
    model = chat(max_tokens=200)

    async def answer(letter):
        said = heard()
        async for batch in model.adeltas(_only(letter)):
            said.add(batch)
        return said.text

    async def all_at_once():
        return await asyncio.gather(*map(answer, "abcdef"))

    assert asyncio.run(all_at_once()) == [letter * 60 for letter in "abcdef"]


def _only(letter):
    """A request whose answer can only be one letter, many times."""
    grammar = f'root ::= "{letter}"{{60}}'
    return Request([{"role": "user", "content": f"Say {letter}."}], arguments={"grammar": grammar})


def test_too_long_messages_say_how_long_and_what_to_do(chat, ask):
    with pytest.raises(
        BadRequestError, match=r"\d{4} tokens long.* room for 2048: .*context_length"
    ) as caught:
        list(chat().deltas(ask("hi " * 4000)))
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"temperature": "hot"}, r"^Field 'temperature': type must be number, but is string$"),
        ({"seed": "x"}, "seed"),
        ({"response_format": {"type": "prose"}}, "response_format"),
        ({"tools": 5}, "tools"),
        ({"logit_bias": object()}, "serializable"),
    ],
)
def test_what_the_engine_refuses_is_a_bad_request_in_its_words(chat, ask, arguments, named):
    with pytest.raises(BadRequestError, match=named):
        list(chat().deltas(ask(**arguments)))


def test_nothing_to_answer_is_a_bad_request(chat):
    with pytest.raises(BadRequestError, match="messages is empty"):
        list(chat().deltas(Request([])))


def test_raw_chunks_are_kept_when_asked_for(chat):
    request = Request([{"role": "user", "content": "Hi"}], arguments={"max_tokens": 3}, keep_raw=True)
    list(chat().deltas(request))
    assert request.raw_chunks[-1]["usage"]["completion_tokens"] == 3


def test_model_is_named_after_the_file(model_file, monkeypatch):
    assert LocalChat().config.model_name == "SmolLM2-135M-Instruct"
    assert LocalChat(model_path=str(model_file)).config.model_name == model_file.stem
    assert LocalChat(model_name="mine").config.model_name == "mine"
    monkeypatch.setenv("MODELSTREAM_LOCAL_MODEL", str(model_file))
    assert LocalChat().config.model_name == model_file.stem
