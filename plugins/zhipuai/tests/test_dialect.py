"""ZhipuAI's dialect: both halves against each other, requests as a server reads them, and no SDK."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from modelstream.deltas import Finish, ToolCall, ToolCallDelta, Usage
from modelstream.errors import BadRequestError, RateLimitError
from modelstream.plugins import dialect
from modelstream.testing import DialectConformance
from modelstream.wire import ChatRequest, WholeAnswer
from modelstream_zhipuai import ZhipuAIDialect

PNG, JPEG = "iVBORw0KGgo=", "/9j/4AAQ"


class TestZhipuAI(DialectConformance):
    dialect = ZhipuAIDialect()


def test_it_is_an_entry_point():
    assert type(dialect("zhipuai_chat")) is ZhipuAIDialect


def test_it_needs_no_sdk():
    code = (
        f"import sys; sys.modules.update({dict.fromkeys(('zai', 'zhipuai', 'httpx', 'pydantic'))})\n"
        "from modelstream_zhipuai import ZhipuAIDialect\n"
        "dialect, deltas = ZhipuAIDialect(), []\n"
        "(document,) = dialect.writer().write('Hi')\n"
        "(frame,) = dialect.framing.framer().feed(dialect.packed(document, 0))\n"
        "dialect.reader().read(frame, deltas)\n"
        "print(deltas)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "['Hi']"


# What is written


def test_frames_as_the_provider_sends_them():
    writer = ZhipuAIDialect().for_answer("glm-4.6").writer()
    assert writer.start() == []
    text, end, done = (*writer.write("Hi"), *writer.end(Finish("content_filter"), Usage(3, 2)))
    created, answer_id = text["created"], text["id"]
    common = {
        "id": answer_id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": "glm-4.6",
    }
    assert text == {**common, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}}]}
    assert end["choices"] == [
        {"index": 0, "finish_reason": "sensitive", "delta": {"role": "assistant", "content": ""}}
    ]
    assert (end["id"], end["usage"]["prompt_tokens"], end["usage"]["total_tokens"]) == (answer_id, 3, 5)
    assert done == "[DONE]"


def test_an_id_is_the_time_and_a_random_part():
    ids = [ZhipuAIDialect().new_id() for _ in range(2)]
    assert ids[0] != ids[1]
    assert {len(one) for one in ids} == {30}
    assert all(one[:14].isdigit() for one in ids)


def test_only_the_first_piece_of_a_call_has_its_id_and_name():
    writer = ZhipuAIDialect().writer()
    pieces = [ToolCallDelta(1, "a", "f", ""), ToolCallDelta(1, arguments="{}")]
    written = [
        call
        for piece in pieces
        for frame in writer.write(piece)
        for call in frame["choices"][0]["delta"]["tool_calls"]
    ]
    assert written == [
        {"index": 1, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"index": 1, "type": "function", "function": {"arguments": "{}"}},
    ]


def test_a_whole_answer_with_calls_only():
    calls = [ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")]
    answer = WholeAnswer(tool_calls=calls, finish=Finish("tool_calls", "tool_calls"))
    body = ZhipuAIDialect().for_answer(answer_id="r").whole(answer)
    assert (body["id"], body["request_id"]) == ("r", "r")
    message = body["choices"][0]["message"]
    assert message["content"] == ""
    assert [(call["index"], call["id"]) for call in message["tool_calls"]] == [(0, "a"), (1, "b")]


@pytest.mark.parametrize(("code", "sent"), [("1302", "1302"), ("", "429")])
def test_codes_are_texts(code, sent):
    dialect = ZhipuAIDialect()
    body = dialect.refusal(429, code, "slow down")
    assert body == dialect.error(429, code, "slow down")
    assert body == {"error": {"code": sent, "message": "slow down"}}
    error = dialect.read_refusal(429, json.dumps(body).encode(), {})
    assert (type(error), error.code, error.message) == (RateLimitError, sent, "HTTP 429: slow down")


# Requests


def written(messages="hi", **arguments):
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    return ZhipuAIDialect().write_request(ChatRequest("glm-4.6", messages, arguments))


def read(body):
    path = ZhipuAIDialect.path + "/chat/completions"
    return ZhipuAIDialect().read_request(path, json.loads(json.dumps(body)))


CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
MESSAGES = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{JPEG}"}},
            {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
            {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}},
        ],
    },
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "a", "content": "2"},
]


def test_messages_are_read_back():
    body = written(MESSAGES).body
    images = [part["image_url"]["url"] for part in body["messages"][0]["content"][1:4]]
    assert images == [PNG, JPEG, "https://a.example/b.png"]
    assert read(body).messages == MESSAGES


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ({}, {}),
        ({"temperature": 0.0}, {"temperature": 0.01, "do_sample": False}),
        ({"temperature": 1.0, "top_p": 1.0}, {"temperature": 0.99, "top_p": 0.99}),
        ({"temperature": 0.01}, {"temperature": 0.01}),
        ({"temperature": 0.5, "do_sample": False}, {"temperature": 0.5, "do_sample": False}),
        (
            {"thinking": {"type": "enabled"}, "user_id": None},
            {"thinking": {"type": "enabled"}, "user_id": None},
        ),
    ],
    ids=str,
)
def test_arguments_are_read_back(arguments, sent):
    body = written(**arguments).body
    assert {name: body[name] for name in sent} == sent
    assert read(body).arguments == arguments


def test_streaming_is_not_the_default():
    body = {"model": "m", "messages": MESSAGES[2:]}
    assert [read({**body, **more}).stream for more in ({}, {"stream": None}, {"stream": True})] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"messages": [{"role": "user", "content": "hi"}]}, "model"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": [{"content": "hi"}]}, r"messages\[0\]"),
        ({"model": "m", "messages": [{"role": "user"}], "stream": 1}, "stream"),
    ],
)
def test_a_request_that_is_not_valid(body, field):
    with pytest.raises(BadRequestError, match=f"^'{field}' must be ") as raised:
        read(body)
    assert raised.value.status == 400


def test_a_temperature_that_is_not_a_number():
    with pytest.raises(BadRequestError, match=r"^temperature is 'hot': expected a number between 0 and 1"):
        written(temperature="hot")
