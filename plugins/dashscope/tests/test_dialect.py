"""DashScope's dialect: the laws of dialects, requests as a server reads them, and no SDK."""

from __future__ import annotations

import subprocess
import sys

import pytest

from modelstream.deltas import Finish
from modelstream.errors import BadRequestError
from modelstream.plugins import dialect
from modelstream.testing import DialectConformance
from modelstream.wire import ChatRequest
from modelstream_dashscope import DashScopeDialect

TEXT, MULTIMODAL = (route.partition(" ")[2] for route in DashScopeDialect.routes)
SSE = {"X-DashScope-SSE": "enable"}
INCREMENTS = {"result_format": "message", "incremental_output": True}


class TestDashScope(DialectConformance):
    dialect = DashScopeDialect()


def write_request(messages, model="qwen-max", **arguments):
    return DashScopeDialect().write_request(ChatRequest(model, messages, arguments))


def read_request(body, headers=SSE, path=TEXT):
    return DashScopeDialect().read_request(path, body, headers)


def test_the_entry_point():
    assert type(dialect("dashscope_chat")) is DashScopeDialect


def test_the_dialect_needs_no_sdk():
    blocked = dict.fromkeys(("dashscope", "httpx", "requests", "aiohttp"))
    code = (
        f"import sys; sys.modules.update({blocked})\n"
        "from modelstream_dashscope import DashScopeDialect\n"
        "dialect, deltas = DashScopeDialect(), []\n"
        "(document,) = dialect.writer().write('Hi')\n"
        "(frame,) = dialect.framing.framer().feed(dialect.packed(document, 0))\n"
        "dialect.reader().read(frame, deltas)\n"
        "print(deltas)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "['Hi']"


def test_frames_as_the_provider_sends_them():
    writer = DashScopeDialect().for_answer(answer_id="r").writer()
    documents = [*writer.write("Hi"), *writer.error(429, "Throttling", "Slow down.")]
    frames = [DashScopeDialect().packed(document, number) for number, document in enumerate(documents)]
    assert b"".join(frames) == (
        b"id:1\nevent:result\n:HTTP_STATUS/200\n"
        b'data:{"output":{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},'
        b'"finish_reason":"null"}]},"request_id":"r"}\n\n'
        b"id:2\nevent:error\n:HTTP_STATUS/429\n"
        b'data:{"code":"Throttling","message":"Slow down.","request_id":"r"}\n\n'
    )


def test_an_answer_has_one_id():
    writer = DashScopeDialect().writer()
    frames = [*writer.write("a"), *writer.write("b"), *writer.end(Finish("stop"), None)]
    assert len({frame["request_id"] for frame in frames}) == 1


@pytest.mark.parametrize(
    ("messages", "path"),
    [
        ([{"role": "user", "content": "hi"}], TEXT),
        (
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is it?"},
                        {"type": "image_url", "image_url": {"url": "https://a.example/b"}, "min_pixels": 9},
                        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
                        {"type": "audio", "audio": "https://a.example/c.wav"},
                        {"type": "video", "video": ["oss://a", "oss://b"], "fps": 2},
                    ],
                }
            ],
            MULTIMODAL,
        ),
        (
            [
                {"role": "assistant", "content": "", "tool_calls": [{"function": {"arguments": "{}"}}]},
                {"role": "tool", "name": "f", "tool_call_id": "a", "content": "2"},
            ],
            TEXT,
        ),
    ],
)
def test_messages_are_read_back(messages, path):
    request = write_request(messages)
    assert DashScopeDialect.path + request.path == path
    assert read_request(request.body).messages == messages


@pytest.mark.parametrize(("model", "path"), [("qwen-max", TEXT), ("qwen-vl-plus", MULTIMODAL)])
def test_plain_text_is_read_back_on_both_endpoints(model, path):
    request = write_request([{"role": "system", "content": ""}, {"role": "user", "content": "hi"}], model)
    assert DashScopeDialect.path + request.path == path
    assert [message["content"] for message in read_request(request.body).messages] == ["", "hi"]


def test_arguments_omit_the_form_of_the_answer():
    request = write_request([{"role": "user", "content": "hi"}], temperature=0.5, enable_thinking=True)
    assert request.body["parameters"] == {"temperature": 0.5, "enable_thinking": True, **INCREMENTS}
    assert read_request(request.body).arguments == {"temperature": 0.5, "enable_thinking": True}


def test_a_prompt():
    call = read_request({"model": "m", "input": {"prompt": "hi"}}, {})
    assert (call.messages, call.stream) == ([{"role": "user", "content": "hi"}], False)


@pytest.mark.parametrize("headers", [SSE, {"accept": "text/event-stream"}])
def test_headers_ask_for_a_stream(headers):
    body = {"model": "m", "input": {"prompt": "hi"}, "parameters": INCREMENTS}
    assert read_request(body, headers).stream


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"input": {"prompt": "hi"}}, "model"),
        ({"model": "m"}, "input.messages"),
        ({"model": "m", "input": "hi"}, "input"),
        ({"model": "m", "input": {"messages": []}}, "input.messages"),
        ({"model": "m", "input": {"messages": [{"content": "hi"}]}}, r"input.messages\[0\]"),
        ({"model": "m", "input": {"prompt": "hi"}, "parameters": []}, "parameters"),
        (
            {"model": "m", "input": {"prompt": "hi"}, "parameters": {"result_format": "text"}},
            "parameters.result_format",
        ),
        ({"model": "m", "input": {"prompt": "hi"}}, "parameters.incremental_output"),
    ],
)
def test_a_request_that_is_not_valid(body, field):
    with pytest.raises(BadRequestError, match=f"^'{field}' must be ") as raised:
        read_request(body)
    assert (raised.value.status, raised.value.code) == (400, "InvalidParameter")
