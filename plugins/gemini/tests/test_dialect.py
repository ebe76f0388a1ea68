"""Gemini's dialect: the laws of dialects, its samples, and what is special to Gemini."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from modelstream.deltas import Finish, ReasoningDelta, ToolCall, ToolCallDelta, Usage, UsageDelta
from modelstream.errors import BadRequestError, RateLimitError
from modelstream.plugins import dialect, dialects
from modelstream.testing import DialectConformance
from modelstream.testing.server import Answer
from modelstream.wire import ChatRequest, WholeAnswer, joined
from modelstream_gemini import GeminiArrayDialect, GeminiChat, GeminiDialect
from modelstream_gemini.dialect.frames import GeminiFrames
from modelstream_gemini.dialect.signatures import Signatures

GEMINI = GeminiDialect()
STREAMED = "/v1beta/models/gemini-test:streamGenerateContent"
WHOLE = "/v1beta/models/gemini-test:generateContent"


class TestGemini(DialectConformance):
    dialect = GEMINI


class TestGeminiArrays(DialectConformance):
    dialect = GeminiArrayDialect()


def test_the_entry_point():
    assert "gemini_chat" in dialects()
    assert type(dialect("gemini_chat")) is GeminiDialect


def test_the_dialect_needs_no_sdk():
    program = (
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('google', 'httpx', 'httpx2', 'pydantic'):\n"
        "            raise ImportError(name + ' is blocked')\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "from modelstream.plugins import dialect\n"
        "from modelstream.wire import ChatRequest\n"
        "gemini = dialect('gemini_chat')\n"
        "call = ChatRequest('m', [{'role': 'user', 'content': 'hi'}], {'temperature': 1}, stream=True)\n"
        "written = gemini.write_request(call)\n"
        "assert gemini.read_request(written.path, written.body) == call\n"
        "print(len(gemini.samples()) > 0, [name for name in sys.modules if name.startswith('google.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True []\n", "")


# Samples through the wrapper


def test_samples_over_a_socket(server, model, read):
    for sample in GEMINI.samples():
        server.play(Answer([sample.body]))
        got = read(model, stream=sample.stream)
        text = "".join(delta for delta in sample.deltas if isinstance(delta, str))
        calls = [(item.name, item.arguments) for item in sample.deltas if isinstance(item, ToolCallDelta)]
        finish = next((item for item in sample.deltas if isinstance(item, Finish)), None)
        error = None if got.error is None else type(got.error).__name__
        assert (sample.name, got.text, error) == (sample.name, text, sample.error)
        if error is None:
            got_calls = [(call.name, call.arguments) for call in got.tool_calls]
            assert (sample.name, got_calls, got.raw_finish_reason) == (sample.name, calls, finish.raw)


# Answers


def documents(deltas, finish=Finish("stop"), usage=None):  # noqa: B008 - it is immutable
    writer = GEMINI.writer()
    found = [item for delta in deltas for item in writer.write(delta)]
    return [*found, *writer.end(finish, usage)]


def parts(frames):
    return [part for item in frames for part in item["candidates"][0]["content"]["parts"]]


def read_back(frames):
    deltas = []
    reader = GEMINI.reader()
    for frame in frames:
        reader.read(GEMINI.json(frame), deltas)
    return list(joined(deltas))


def test_calls_in_pieces_are_joined():
    pieces = [
        ToolCallDelta(0, "a", "look_up", '{"a": {'),
        ToolCallDelta(1, "b", "now", ""),
        ToolCallDelta(0, None, None, '"b": 1}'),
        ToolCallDelta(0, None, None, "}"),
        ToolCallDelta(2, None, "then", "{}"),
    ]
    frames = documents(pieces, Finish("tool_calls"))
    assert parts(frames) == [
        {"functionCall": {"name": "look_up", "args": {"a": {"b": 1}}, "id": "a"}},
        {"functionCall": {"name": "then", "args": {}}},
        {"functionCall": {"name": "now", "args": {}, "id": "b"}},
        {"text": ""},
    ]
    assert frames[-1]["candidates"][0]["finishReason"] == "STOP"


def test_a_call_is_written_as_soon_as_it_is_complete():
    writer = GEMINI.writer()
    assert writer.write(ToolCallDelta(0, "a", "f", '{"a": "}')) == []
    assert len(writer.write(ToolCallDelta(0, None, None, '"} '))) == 1


@pytest.mark.parametrize("arguments", ['{"a": ', "[1]", "7"])
def test_arguments_that_are_not_an_object(arguments):
    call = ToolCall("a", "f", arguments)
    frames = documents([ToolCallDelta(0, "a", "f", arguments)], Finish("tool_calls"))
    whole = GEMINI.whole(WholeAnswer(text="x", tool_calls=[call], finish=Finish("tool_calls")))
    for frame in (frames[-1], whole):
        assert frame["candidates"][0]["finishReason"] == "MALFORMED_FUNCTION_CALL"
        assert "functionCall" not in str(frame)


def test_unknown_counts_are_omitted():
    (frame,) = documents([], usage=Usage(output_tokens=7))
    assert frame["usageMetadata"] == {"candidatesTokenCount": 7}
    (frame,) = documents([], usage=Usage(3, 7, 2, 1))
    assert frame["usageMetadata"] == {
        "promptTokenCount": 3,
        "candidatesTokenCount": 5,
        "totalTokenCount": 10,
        "cachedContentTokenCount": 1,
        "thoughtsTokenCount": 2,
    }


def test_all_deltas_are_read_back():
    deltas = [ReasoningDelta("hm"), "Hello", ToolCallDelta(0, "a", "f", '{"é": 1}')]
    frames = documents(deltas, Finish("tool_calls"), Usage(1, 2, 1, 0))
    assert read_back(frames) == [*deltas, UsageDelta(1, 2, 1, 0), Finish("tool_calls", "STOP")]


def test_a_signed_call_without_an_id_gets_one():
    signatures = Signatures()
    deltas = []
    part = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2ln"}
    GeminiFrames(signatures).read(GEMINI.json(GEMINI.candidate(part)), deltas)
    state, call = deltas
    assert signatures.of(call.id, "f", {}) == "c2ln"
    assert state.state == {"call": call.id, "at": 0, "thoughtSignature": "c2ln"}


def test_errors_have_googles_status():
    body = GEMINI.json(GEMINI.refusal(429, "rate_limit_exceeded", "slowly"))
    assert json.loads(body) == {"error": {"code": 429, "message": "slowly", "status": "RESOURCE_EXHAUSTED"}}
    error = GEMINI.read_refusal(429, b"[%b]" % body, {})
    assert (type(error), error.code) == (RateLimitError, "RESOURCE_EXHAUSTED")


# Requests

CALL = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"city": "Łódź"}'}}
TOOL = {
    "type": "function",
    "function": {
        "name": "look_up",
        "description": "Looks up.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,+/+/"}},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}},
        ],
    },
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "name": "look_up", "content": "sunny"},
    {"role": "assistant", "content": "A sun."},
    {"role": "user", "content": "Thanks."},
]
ARGUMENTS = {
    "max_tokens": 5,
    "stop": ["x"],
    "n": 1,
    "seed": 7,
    "top_k": 3,
    "presence_penalty": 0.5,
    "tools": [TOOL, {"googleSearch": {}}],
    "tool_choice": {"type": "function", "function": {"name": "look_up"}},
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "response", "schema": {"type": "object"}},
    },
    "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    "thinking_config": {"includeThoughts": True},
}


def test_a_request_with_all_arguments_is_read_back():
    request = ChatRequest("gemini-test", CONVERSATION, ARGUMENTS, stream=False)
    written = GEMINI.write_request(request)
    assert written.path == WHOLE
    assert set(written.body) == {
        "contents",
        "generationConfig",
        "safetySettings",
        "systemInstruction",
        "toolConfig",
        "tools",
    }
    assert written.body["generationConfig"]["maxOutputTokens"] == 5
    got = GEMINI.read_request(written.path, written.body)
    got.arguments["tools"].sort(key=lambda tool: "function" not in tool)
    assert got == request


@pytest.mark.parametrize(
    ("arguments", "generation"),
    [
        ({"stop": "x"}, {"stopSequences": ["x"]}),
        ({"max_completion_tokens": 3}, {"maxOutputTokens": 3}),
        ({"response_format": {"type": "text"}}, {}),
        ({"response_format": {"type": "json_object"}}, {"responseMimeType": "application/json"}),
        ({"generation_config": {"max_tokens": 3}}, {"maxOutputTokens": 3}),
    ],
)
def test_arguments_with_openais_names(arguments, generation):
    messages = [{"role": "user", "content": "hi"}]
    written = GEMINI.write_request(ChatRequest("m", messages, arguments))
    assert written.body["generationConfig"] == generation


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_tool_choices_are_read_back(choice):
    messages = [{"role": "user", "content": "hi"}]
    request = ChatRequest("m", messages, {"tool_choice": choice})
    written = GEMINI.write_request(request)
    assert GEMINI.read_request(written.path, written.body) == request


def test_snake_case_names_and_schemas_of_the_api():
    body = {
        "system_instruction": {"parts": {"text": "Be brief."}},
        "contents": {"parts": [{"text": "hi"}]},
        "generation_config": {"max_output_tokens": 5, "response_mime_type": "application/json", "seed": None},
        "tools": [
            {
                "function_declarations": [
                    {
                        "name": "f",
                        "parameters": {
                            "type": "OBJECT",
                            "properties": {
                                "type": {"type": "STRING", "nullable": True},
                                "nullable": {"type": "ARRAY", "items": {"type": "NUMBER"}},
                            },
                        },
                    }
                ]
            }
        ],
        "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f", "g"]}},
    }
    got = GEMINI.read_request("/v1/tunedModels/mine:streamGenerateContent?alt=sse", body)
    assert (got.model, got.stream) == ("tunedModels/mine", True)
    assert got.messages == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    properties = {
        "type": {"type": ["string", "null"]},
        "nullable": {"type": "array", "items": {"type": "number"}},
    }
    function = {"name": "f", "parameters": {"type": "object", "properties": properties}}
    assert got.arguments == {
        "max_tokens": 5,
        "response_format": {"type": "json_object"},
        "tools": [{"type": "function", "function": function}],
        "tool_config": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}},
    }


def test_calls_and_results_without_ids_are_matched():
    def turn(role, *parts):
        return {"role": role, "parts": list(parts)}

    def call(name):
        return {"functionCall": {"name": name, "args": {"a": 1}}, "thoughtSignature": "c2ln"}

    def result(name, **response):
        return {"functionResponse": {"name": name, "response": response}}

    body = {
        "contents": [
            turn("user", {"text": "hi"}),
            turn(
                "model",
                {"text": "hm", "thought": True},
                {"text": "Let me see."},
                call("f"),
                call("g"),
                call("f"),
            ),
            turn(
                "user",
                result("g", output=1),
                result("f", answer="x"),
                result("f", output="y"),
                {"text": "So?"},
            ),
        ]
    }
    _, assistant, *results, last = GEMINI.read_request(STREAMED, body).messages
    assert (assistant["content"], assistant["reasoning_content"]) == ("Let me see.", "hm")
    assert [each["id"] for each in assistant["tool_calls"]] == ["call_0", "call_1", "call_2"]
    assert assistant["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a": 1}'}
    assert [(item["tool_call_id"], item["content"]) for item in results] == [
        ("call_1", "1"),
        ("call_0", '{"answer": "x"}'),
        ("call_2", "y"),
    ]
    assert last == {"role": "user", "content": "So?"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "contents must be a list"),
        ({"contents": []}, "contents must be a list"),
        ({"contents": ["hi"]}, r"contents\[0\] must be an object"),
        ({"contents": [{"parts": "hi"}]}, r"contents\[0\].parts must be a list"),
        ({"contents": [{"parts": ["hi"]}]}, r"contents\[0\].parts\[0\] must be an object"),
        ({"contents": [{"parts": [{"functionCall": 7}]}]}, r"parts\[0\].functionCall must be an object"),
        ({"contents": [{"parts": []}], "systemInstruction": 7}, "systemInstruction must be an object"),
        ({"contents": [{"parts": []}], "generationConfig": 7}, "generationConfig must be an object"),
        ({"contents": [{"parts": []}], "toolConfig": 7}, "toolConfig must be an object"),
        ({"contents": [{"parts": []}], "tools": [7]}, r"tools\[0\] must be an object"),
        (
            {"contents": [{"parts": []}], "tools": [{"functionDeclarations": {}}]},
            r"tools\[0\].functionDeclarations must be a list",
        ),
        (
            {"contents": [{"parts": []}], "tools": [{"functionDeclarations": ["f"]}]},
            r"tools\[0\].functionDeclarations\[0\] must be an object",
        ),
    ],
)
def test_invalid_bodies(body, message):
    with pytest.raises(BadRequestError, match=message) as failed:
        GEMINI.read_request(STREAMED, body)
    assert (failed.value.status, failed.value.code) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "path", ["/v1beta/models", "/v1beta/models/m:countTokens", "/v1beta/files/m:generateContent"]
)
def test_paths_of_other_methods(path):
    with pytest.raises(BadRequestError, match="is not that of a call") as failed:
        GEMINI.read_request(path, {"contents": [{"parts": [{"text": "hi"}]}]})
    assert failed.value.status == 404


def test_requests_of_the_wrapper_are_read(server):
    model = GeminiChat(model_name="gemini-test", api_key="k", base_url=server.url, transport="native")
    model(CONVERSATION, stream=True, **ARGUMENTS).close()
    sent = server.requests[0]
    got = GEMINI.read_request(sent.path, sent.json)
    assert (got.model, got.messages, got.stream) == ("gemini-test", CONVERSATION, True)
