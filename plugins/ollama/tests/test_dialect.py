"""Ollama's dialect: both halves against each other, requests as a server reads them, and no SDK."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from modelstream.deltas import Finish, ToolCall, ToolCallDelta, Usage, UsageDelta
from modelstream.errors import BadRequestError
from modelstream.plugins import dialect
from modelstream.testing import DialectConformance
from modelstream.wire import ChatRequest, WholeAnswer
from modelstream_ollama import OllamaDialect

PNG, JPEG = "iVBORw0KGgo=", "/9j/4AAQ"


class TestOllama(DialectConformance):
    dialect = OllamaDialect()


def test_it_is_an_entry_point():
    assert type(dialect("ollama_chat")) is OllamaDialect


def test_it_needs_no_sdk():
    code = (
        f"import sys; sys.modules.update({dict.fromkeys(('ollama', 'httpx', 'pydantic'))})\n"
        "from modelstream_ollama import OllamaDialect\n"
        "dialect, deltas = OllamaDialect(), []\n"
        "(document,) = dialect.writer().write('Hi')\n"
        "(frame,) = dialect.framing.framer().feed(dialect.packed(document, 0))\n"
        "dialect.reader().read(frame, deltas)\n"
        "print(deltas)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "['Hi']"


# What is written


def test_lines_as_the_server_sends_them():
    writer = OllamaDialect().for_answer("llama3.2").writer()
    text, end = (*writer.write("Hi"), *writer.end(Finish("length"), Usage(3, 2)))
    assert text["created_at"].endswith("Z")
    common = {"model": "llama3.2", "created_at": text["created_at"]}
    assert text == {**common, "message": {"role": "assistant", "content": "Hi"}, "done": False}
    assert end == {
        **common,
        "created_at": end["created_at"],
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "length",
        "prompt_eval_count": 3,
        "eval_count": 2,
    }


def calls_of(*documents):
    return [call for document in documents for call in document["message"].get("tool_calls", ())]


def test_pieces_of_a_call_are_written_as_one():
    writer = OllamaDialect().writer()
    pieces = [("a", "f", ""), (None, None, '{"x": "}'), (None, None, '", "y": {}'), (None, None, "}")]
    frames = [writer.write(ToolCallDelta(0, *piece)) for piece in pieces]
    assert [len(frame) for frame in frames] == [0, 0, 0, 1]
    function = {"index": 0, "name": "f", "arguments": {"x": "}", "y": {}}}
    assert calls_of(*frames[-1]) == [{"id": "a", "function": function}]


def test_interleaved_calls_and_one_without_arguments():
    writer = OllamaDialect().writer()
    pieces = [(0, None, "f", '{"x"'), (1, None, "g", '{"y"'), (2, None, "h", ""), (0, None, None, ": 1}")]
    written = [frame for piece in pieces for frame in writer.write(ToolCallDelta(*piece))]
    written += writer.write(ToolCallDelta(0, arguments=" \n"))
    ended = writer.end(Finish("length"), None)
    assert [call["function"]["name"] for call in calls_of(*written)] == ["f"]
    # The second call was cut, and the format has no parts of calls.
    functions = [call["function"] for call in calls_of(*ended)]
    assert functions == [{"index": 2, "name": "h", "arguments": {}}]
    assert ended[OllamaDialect.end_marker]["done"]


def test_counts_are_sent_only_at_the_end():
    assert OllamaDialect().writer().write(UsageDelta(1, 2)) == []


def test_a_whole_answer_omits_a_call_that_was_cut():
    calls = [ToolCall("a", "f", "{}"), ToolCall("b", "g", '{"x')]
    answer = OllamaDialect().whole(WholeAnswer(tool_calls=calls, finish=Finish("length", "length")))
    assert [call["id"] for call in calls_of(answer)] == ["a"]


# What is read


def read(body, path="/api/chat"):
    return OllamaDialect().read_request(path, body)


CALLED = [{"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}]
MESSAGES = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{JPEG}"}},
        ],
    },
    {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": CALLED},
    {"role": "tool", "name": "f", "tool_call_id": "a", "content": "2"},
]


def test_messages_are_read_as_they_were_before_they_were_written():
    written = OllamaDialect().write_request(ChatRequest("m", MESSAGES))
    assert written.body["messages"][0]["images"] == [PNG, JPEG]
    assert read(json.loads(json.dumps(written.body))).messages == MESSAGES


def test_calls_without_ids_and_their_results_are_joined():
    calls = [{"function": {"name": name, "arguments": {}}} for name in ("f", "g", "f")]
    results = [{"role": "tool", "tool_name": name, "content": name} for name in ("f", "g", "f", "h")]
    called = {"role": "assistant", "tool_calls": calls}
    first, *answers = read({"model": "m", "messages": [called, *results]}).messages
    ids = [call["id"] for call in first["tool_calls"]]
    assert len(set(ids)) == 3
    assert [answer.get("tool_call_id") for answer in answers] == [*ids, None]


def test_a_message_without_content_is_empty():
    messages = [{"role": "assistant", "content": None}, {"role": "user"}]
    assert [one["content"] for one in read({"model": "m", "messages": messages}).messages] == ["", ""]


def test_options_are_arguments_and_streaming_is_the_default():
    messages = [{"role": "user", "content": "hi"}]
    options = {"num_predict": 5, "temperature": 0, "top_k": 3}
    call = read({"model": "m", "messages": messages, "options": options, "think": True})
    assert call.arguments == {"max_tokens": 5, "temperature": 0, "top_k": 3, "think": True}
    assert call.stream
    unlimited = read({"model": "m", "messages": messages, "options": {"num_predict": -1}, "stream": False})
    assert (unlimited.arguments, unlimited.stream) == ({}, False)


def test_a_prompt():
    body = {"model": "m", "system": "Be brief.", "prompt": "?", "images": [PNG], "keep_alive": 0}
    call = read(body, "/api/generate")
    system, user = call.messages
    assert system == {"role": "system", "content": "Be brief."}
    assert user == {"role": "user", "content": MESSAGES[0]["content"][:2]}
    assert call.arguments == {"keep_alive": 0}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"messages": [{"role": "user", "content": "hi"}]}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": [{"content": "hi"}]}, r"messages\[0\]"),
        ({"model": "m", "messages": [{"role": "user", "content": []}]}, r"messages\[0\].content"),
        ({"model": "m", "messages": [{"role": "user", "images": [1]}]}, r"messages\[0\].images"),
        ({"model": "m", "messages": [{"role": "user", "tool_calls": [{}]}]}, r"messages\[0\].tool_calls"),
        ({"model": "m", "messages": [{"role": "user", "tool_calls": 1}]}, r"messages\[0\].tool_calls"),
        *(
            (
                {"model": "m", "messages": [{"role": "user", "tool_calls": [{"function": function}]}]},
                r"messages\[0\].tool_calls",
            )
            for function in ({"name": "f", "arguments": "{}"}, {"name": "f", "arguments": []}, {"name": 1})
        ),
        ({"model": "m", "messages": [{"role": "user"}], "stream": 1}, "stream"),
        ({"model": "m", "messages": [{"role": "user"}], "options": "hot"}, "options"),
    ],
)
def test_a_request_that_is_not_valid(body, field):
    with pytest.raises(BadRequestError, match=f"^'{field}' must be ") as raised:
        read(body)
    assert raised.value.status == 400


def test_a_generate_request_needs_a_prompt():
    with pytest.raises(BadRequestError, match=r"^'prompt' must be a text"):
        read({"model": "m"}, "/api/generate")


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("model 'llama9' not found", "llama9"),
        ('model "llama9:1b" not found, try pulling it first', "llama9:1b"),
        ("no such model", "NAME"),
    ],
)
def test_the_error_for_a_missing_model_names_it(message, name):
    error = OllamaDialect().read_refusal(404, json.dumps({"error": message}).encode(), {})
    assert f"`ollama pull {name}`" in str(error)
