"""Requests as the server receives them, built by each SDK and natively."""

from __future__ import annotations

import base64
import json

import pytest

from modelstream.agents import Msg
from modelstream.errors import BadRequestError
from modelstream.testing.server import Answer
from modelstream_gemini.dialect.signatures import MOST, Signatures

PIXEL = base64.b64encode(b"a picture").decode()


def in_camel_case(value):
    """JSON with all names in camel case; the API accepts both camel case and snake case."""
    if isinstance(value, dict):
        return {_camel(key): in_camel_case(inner) for key, inner in value.items()}
    return [in_camel_case(inner) for inner in value] if isinstance(value, list) else value


def _camel(name):
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def body_of(ask):
    def send(messages=None, fields=(), /, **arguments):
        return in_camel_case(ask(messages, fields, **arguments).json)

    return send


@pytest.fixture
def send(ask):
    """Calls a model and returns the body that the server received."""
    return body_of(ask)


@pytest.fixture
def send_by_an_sdk(ask_an_sdk):
    """The same with each SDK, for what only SDKs support."""
    return body_of(ask_an_sdk)


def test_a_prompt(ask):
    request = ask("hi")
    assert (request.method, request.path) == (
        "POST",
        "/v1beta/models/gemini-test:streamGenerateContent?alt=sse",
    )
    assert request.headers["x-goog-api-key"] == "k"
    assert "key=" not in request.path
    assert request.json["contents"] == [{"role": "user", "parts": [{"text": "hi"}]}]
    assert not request.json.get("generationConfig")


def test_not_streamed(ask, server, wire):
    server.play(Answer.of_json(wire.candidate({"text": "Hello"}, finish="STOP")))
    assert ask("hi", stream=False).path == "/v1beta/models/gemini-test:generateContent"


@pytest.mark.parametrize("name", ["models/gemini-2", "tunedModels/mine"])
def test_full_model_names(ask, name):
    assert f"/v1beta/{name}:stream" in ask("hi", {"model_name": name}).path
    assert f"/v1beta/{name}:stream" in ask("hi", model=name).path


def test_address_and_version(ask, server):
    path = ask("hi", {"base_url": f"{server.url}/gateway/", "api_version": "v1"}).path
    assert path == "/gateway/v1/models/gemini-test:streamGenerateContent?alt=sse"


@pytest.mark.parametrize("variable", ["GOOGLE_API_KEY", "GEMINI_API_KEY"])
def test_key_from_the_environment(ask, monkeypatch, variable):
    monkeypatch.setenv(variable, " from-env ")
    assert ask("hi", {"api_key": None}).headers["x-goog-api-key"] == "from-env"


# Conversations


def test_system_messages_become_the_instruction(send):
    body = send(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "Hello."},
            {"role": "developer", "content": "And kind."},
            {"role": "user", "content": "bye"},
        ]
    )
    assert body["systemInstruction"]["parts"] == [{"text": "Be brief."}, {"text": "And kind."}]
    assert [(turn["role"], turn["parts"]) for turn in body["contents"]] == [
        ("user", [{"text": "hi"}]),
        ("model", [{"text": "Hello."}]),
        ("user", [{"text": "bye"}]),
    ]


def test_a_system_prompt_alone_is_sent_as_a_user_message(send):
    body = send([{"role": "system", "content": "Say hello."}])
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Say hello."}]}]
    assert "systemInstruction" not in body


def test_a_system_instruction_precedes_system_messages(send):
    body = send(
        [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}],
        system_instruction="Be brief.",
    )
    assert body["systemInstruction"]["parts"] == [{"text": "Be brief."}, {"text": "Be kind."}]


def test_adjacent_messages_of_one_role_are_one_turn_with_names(send):
    body = send([Msg("Ann", "hi", "user"), Msg("Bob", "hello", "user"), Msg("Gem", "Yes?", "assistant")])
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "Ann: hi"}, {"text": "Bob: hello"}]},
        {"role": "model", "parts": [{"text": "Yes?"}]},
    ]


@pytest.mark.parametrize("content", ["", None, []])
def test_an_empty_assistant_message_has_no_turn(send, content):
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": content}]
    assert [turn["role"] for turn in send(messages)["contents"]] == ["user"]


PICTURE = {"inlineData": {"mimeType": "image/png", "data": PIXEL}}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}, PICTURE),
        ({"type": "image_url", "image_url": f"data:image/png;base64,{PIXEL}"}, PICTURE),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
            PICTURE,
        ),
        ({"type": "image", "url": f"data:image/png;base64,{PIXEL}"}, PICTURE),
        ({"inline_data": {"mime_type": "image/png", "data": PIXEL}}, PICTURE),
        ({"inlineData": {"mimeType": "image/png", "data": b"a picture"}}, PICTURE),
        (
            {"type": "image_url", "image_url": {"url": "https://example.org/cat.webp?v=1"}},
            {"fileData": {"mimeType": "image/webp", "fileUri": "https://example.org/cat.webp?v=1"}},
        ),
        (
            {"type": "video", "url": "gs://bucket/film"},
            {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://bucket/film"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": PIXEL, "format": "wav"}},
            {"inlineData": {"mimeType": "audio/wav", "data": PIXEL}},
        ),
        (
            {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PIXEL}"}},
            {"inlineData": {"mimeType": "application/pdf", "data": PIXEL}},
        ),
        (
            {"type": "file", "url": "data:text/plain,a%20b"},
            {"inlineData": {"mimeType": "text/plain", "data": base64.b64encode(b"a b").decode()}},
        ),
    ],
)
def test_pictures_and_other_media(send, part, expected):
    body = send([{"role": "user", "content": [{"type": "text", "text": "Look:"}, part]}])
    assert body["contents"][0]["parts"] == [{"text": "Look:"}, expected]


def test_a_picture_in_a_msg(send):
    message = Msg("Ann", [{"type": "image", "url": f"data:image/png;base64,{PIXEL}"}], "user")
    assert send(message)["contents"][0]["parts"] == [PICTURE]


# Tools

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
TIME = {
    "type": "function",
    "function": {"name": "time", "parameters": {"type": "object", "properties": {}}},
}


def test_tools_in_the_form_of_openai_and_agentscope(send):
    (tool,) = send("hi", tools=[WEATHER, TIME])["tools"]
    assert tool["functionDeclarations"] == [
        {
            "name": "weather",
            "description": "Tells the weather.",
            "parametersJsonSchema": WEATHER["function"]["parameters"],
        },
        {"name": "time"},
    ]


CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
NO_PARAMETERS = [
    None,
    {},
    {"type": "object"},
    {"type": "object", "properties": {}},
    {"type": "object", "properties": {}, "required": [], "additionalProperties": False, "title": "T"},
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {},
        "strict": True,
    },
    {"type": "object", "properties": {}, "$defs": {}, "$id": "f", "$comment": "none", "default": {}},
]
SCHEMAS = [
    {"$ref": "#/$defs/City", "$defs": {"City": CITY}},
    {"anyOf": [CITY, {"type": "object", "properties": {"zip": {"type": "string"}}}]},
    {"oneOf": [CITY]},
    {"allOf": [CITY]},
    {"type": "object", "properties": {}, "anyOf": [CITY]},
    {"type": "object", "additionalProperties": {"type": "string"}},
    {"type": "object", "additionalProperties": True},
    {"type": "object", "patternProperties": {"^x": {"type": "string"}}},
]


@pytest.mark.parametrize("parameters", SCHEMAS)
def test_parameters_that_are_not_in_top_level_properties(send, parameters):
    (tool,) = send("hi", tools=[{"type": "function", "function": {"name": "f", "parameters": parameters}}])[
        "tools"
    ]
    assert tool["functionDeclarations"] == [{"name": "f", "parametersJsonSchema": parameters}]


@pytest.mark.parametrize("parameters", NO_PARAMETERS)
def test_tools_without_parameters(send, parameters):
    (tool,) = send("hi", tools=[{"type": "function", "function": {"name": "f", "parameters": parameters}}])[
        "tools"
    ]
    assert tool["functionDeclarations"] == [{"name": "f"}]


def test_tools_in_the_form_of_gemini(send):
    tools = [{"function_declarations": [{"name": "f", "description": "d"}]}, {"google_search": {}}]
    declared_tools = send("hi", tools=tools)["tools"]
    assert sorted(declared_tools, key=str) == [
        {"functionDeclarations": [{"name": "f", "description": "d"}]},
        {"googleSearch": {}},
    ]


def test_tools_that_are_functions(send_by_an_sdk):
    def weather(city: str, days: int) -> str:
        """Tells the weather."""

    (tool,) = send_by_an_sdk("hi", tools=[weather, WEATHER])["tools"][-1:]
    (declaration,) = tool["functionDeclarations"][-1:]
    names = [
        function["name"]
        for function in send_by_an_sdk("hi", tools=[weather])["tools"][0]["functionDeclarations"]
    ]
    assert names == ["weather"]
    assert (declaration["name"], declaration["description"]) == ("weather", "Tells the weather.")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ("weather", {"mode": "ANY", "allowedFunctionNames": ["weather"]}),
        (
            {"type": "function", "function": {"name": "weather"}},
            {"mode": "ANY", "allowedFunctionNames": ["weather"]},
        ),
    ],
)
def test_tool_choice(send, choice, expected):
    body = send("hi", tools=[WEATHER], tool_choice=choice)
    assert body["toolConfig"] == {"functionCallingConfig": expected}


def conversation(call_id, result, name="weather"):
    """A conversation with a tool call and its result."""
    function = {"name": name, "arguments": '{"city": "Oslo", "days": 2, "x": 2.0}'}
    return [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": call_id, "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": call_id, "content": result},
    ]


@pytest.mark.parametrize(
    ("result", "response"),
    [
        ("rain", {"output": "rain"}),
        ("12", {"output": "12"}),
        ('{"rain": 3}', {"rain": 3}),
        ({"rain": 3}, {"rain": 3}),
        ([{"type": "text", "text": "rain"}], {"output": "rain"}),
        (None, {"output": None}),
    ],
)
def test_results_of_tools(send, result, response):
    question, call, result = send(conversation("c1", result))["contents"]
    assert question["role"] == "user"
    assert call["role"] == "model"
    args = {"city": "Oslo", "days": 2, "x": 2.0}
    assert call["parts"][0]["functionCall"] == {"name": "weather", "id": "c1", "args": args}
    assert [type(value) for value in call["parts"][0]["functionCall"]["args"].values()] == [str, int, float]
    assert result == {
        "role": "user",
        "parts": [{"functionResponse": {"name": "weather", "id": "c1", "response": response}}],
    }


def test_results_of_parallel_calls_are_one_turn(send):
    calls = [{"id": f"c{n}", "function": {"name": f"f{n}", "arguments": ""}} for n in range(2)]
    messages = [
        {"role": "user", "content": "Both."},
        {"role": "assistant", "content": "I ask.", "tool_calls": calls},
        *({"role": "tool", "tool_call_id": f"c{n}", "content": str(n)} for n in range(2)),
    ]
    _, call, result = send(messages)["contents"]
    assert [list(part) for part in call["parts"]] == [
        ["text"],
        ["functionCall", "thoughtSignature"],
        ["functionCall"],
    ]
    assert [part["functionResponse"]["name"] for part in result["parts"]] == ["f0", "f1"]


def test_calls_and_results_in_a_msg(send):
    call = {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Oslo"}}
    result = {"type": "tool_result", "id": "c1", "name": "weather", "output": "rain"}
    body = send([Msg("Gem", [call], "assistant"), Msg("system", [result], "system")])
    assert body["contents"][0]["parts"][0]["functionCall"]["args"] == {"city": "Oslo"}
    assert body["contents"][1]["parts"][0]["functionResponse"]["response"] == {"output": "rain"}


def test_signatures_are_sent_back_with_their_calls(server, model_by, wire):
    signature = base64.b64encode(b"signed").decode()
    signed = {**wire.call("weather", {"city": "Oslo"}), "thoughtSignature": signature}
    server.play(Answer([wire.event(wire.candidate(signed)), wire.end]))
    model = model_by(server.url)
    (call,) = model("hi").tool_calls
    server.play(wire.hello)
    for call_id, expected in ((call.id, signature), ("unknown", None)):
        model(conversation(call_id, "rain"))
        (part,) = server.requests[-1].json["contents"][1]["parts"]
        if expected is None:
            # The API accepts this placeholder instead of an unknown signature.
            assert b"skip_thought_signature_validator" in (
                part["thoughtSignature"].encode(),
                base64.urlsafe_b64decode(part["thoughtSignature"]),
            )
        else:
            assert part["thoughtSignature"] == expected


def test_signatures_are_kept_for_the_last_thousand_calls():
    signatures = Signatures()
    for number in range(MOST + 1):
        signatures.keep(f"c{number}", "f", {}, "s")
    assert [signatures.of(one, "f", {}) for one in ("c0", "c1", f"c{MOST}")] == [None, "s", "s"]


def test_a_call_id_that_is_used_again_has_no_foreign_signature():
    signatures = Signatures()
    signatures.keep("c", "f", {"a": 1}, "one")
    signatures.keep("c", "f", {"a": 2}, "two")
    signatures.keep("c", "g", {}, "three")
    signatures.keep("c", "g", {}, "four")
    assert signatures.of("c", "f", {"a": 1}) == "one"
    assert signatures.of("c", "f", {"a": 2}) == "two"
    assert signatures.of("c", "g", {}) is None  # it could be either


# Arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {"temperature": 0.5, "max_output_tokens": 9, "stop_sequences": ["x"], "thinking_config": {}},
        {"temperature": 0.5, "maxOutputTokens": 9, "stopSequences": ["x"], "thinkingConfig": {}},
        {
            "generation_config": {
                "temperature": 0.5,
                "maxOutputTokens": 9,
                "stop_sequences": ["x"],
                "thinking_config": {},
            }
        },
        {
            "config": {
                "temperature": 0.5,
                "maxOutputTokens": 9,
                "stop_sequences": ["x"],
                "thinking_config": {},
            }
        },
        {"generation_config": {"temperature": 1.5}, "config": {"max_output_tokens": 9}}
        | {"temperature": 0.5, "stop_sequences": ["x"], "thinking_config": {}},
    ],
)
@pytest.mark.parametrize("place", ["call", "config"])
def test_generation_options(send, arguments, place):
    body = send("hi", **arguments) if place == "call" else send("hi", {"generate_args": arguments})
    assert body["generationConfig"] == {
        "temperature": 0.5,
        "maxOutputTokens": 9,
        "stopSequences": ["x"],
        "thinkingConfig": {},
    }


def test_thinking(send):
    body = send("hi", thinking_config={"include_thoughts": True, "thinkingBudget": 100})
    assert body["generationConfig"]["thinkingConfig"] == {"includeThoughts": True, "thinkingBudget": 100}


def test_arguments_of_the_call_override_those_of_the_config(send):
    fields = {"generate_args": {"temperature": 0.1, "max_output_tokens": 5, "top_k": 3}}
    body = send("hi", fields, temperature=0.9, maxOutputTokens=7, top_k=None)
    assert body["generationConfig"] == {"temperature": 0.9, "maxOutputTokens": 7}


@pytest.mark.parametrize(
    "settings",
    [
        [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        {"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"},
    ],
)
def test_options_outside_of_the_generation_config(send, settings):
    body = send(
        "hi",
        safety_settings=settings,
        cachedContent="cachedContents/1",
        tool_config={"function_calling_config": {"mode": "AUTO"}},
    )
    assert body["safetySettings"] == [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    assert body["cachedContent"] == "cachedContents/1"
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}
    assert not body.get("generationConfig")


def test_a_schema_for_the_answer(send):
    schema = {"type": "OBJECT", "properties": {"first_name": {"type": "STRING"}}}
    json_schema = {"type": "object", "properties": {"first_name": {"type": "string"}}}
    config = send("hi", response_mime_type="application/json", response_schema=schema)["generationConfig"]
    assert config["responseSchema"]["properties"]["firstName"] == {"type": "STRING"}
    config = send("hi", response_json_schema=json_schema)["generationConfig"]
    assert config["responseJsonSchema"]["properties"]["firstName"] == {"type": "string"}


def test_names_inside_a_schema_are_not_changed(ask):
    schema = {
        "type": "OBJECT",
        "properties": {"first_name": {"type": "STRING"}, "lastName": {"type": "STRING"}},
    }
    text = json.dumps(ask("hi", response_schema=schema).json)
    assert '"first_name"' in text
    assert '"lastName"' in text


def test_a_schema_that_is_a_type(send_by_an_sdk):
    config = send_by_an_sdk("hi", response_mime_type="application/json", response_schema=list[str])[
        "generationConfig"
    ]
    schema = config["responseSchema"]
    assert (schema["type"], schema["items"]["type"]) == ("ARRAY", "STRING")


def test_options_unknown_to_the_sdk_in_extra_body(send):
    body = send("hi", temperature=0.5, extra_body={"futureOption": 1, "generationConfig": {"futureMode": 2}})
    assert body["futureOption"] == 1
    assert body["generationConfig"] == {"temperature": 0.5, "futureMode": 2}


# Contents in the forms of Google's SDKs and AgentScope


@pytest.mark.parametrize(
    "contents",
    [
        "hi",
        ["hi"],
        {"role": "user", "parts": [{"text": "hi"}]},
        [{"role": "user", "parts": [{"text": "hi"}]}],
        [{"role": "user", "parts": ["hi"]}],
        [{"role": "user", "parts": "hi"}],
        [{"parts": ["hi"]}],
        [{"text": "hi"}],
        [{"role": "user", "content": "hi"}],
    ],
)
def test_contents(send, contents):
    expected = [{"role": "user", "parts": [{"text": "hi"}]}]
    assert send(contents=contents)["contents"] == expected
    if not isinstance(contents, list) or "text" not in contents[0]:
        assert send(contents)["contents"] == expected


def test_contents_of_several_turns(send):
    contents = [
        {"role": "user", "parts": ["hi"]},
        {"role": "model", "parts": ["Hello."]},
        {"role": "user", "parts": ["Look:", {"inline_data": {"mime_type": "image/png", "data": PIXEL}}]},
    ]
    first, second, third = send(contents=contents)["contents"]
    assert (first["role"], second["role"]) == ("user", "model")
    assert third["parts"] == [{"text": "Look:"}, PICTURE]


def test_messages_or_contents_and_not_both(model):
    for arguments in ({"messages": "hi", "contents": "hi"}, {}):
        with pytest.raises(TypeError, match="messages"):
            model(**arguments)


# What can't be sent


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ([{"role": "robot", "content": "hi"}], "messages[0] has the role 'robot'"),
        (
            [{"role": "user", "content": [{"type": "hologram"}]}],
            "messages[0].content[0] has the type 'hologram'",
        ),
        ([{"role": "user", "content": [7]}], "messages[0].content[0] is int"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": "/cat.png"}]}], "got '/cat.png'"),
        ([{"role": "user", "content": [{"type": "image", "url": None}]}], "got None"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": "data:image/png;base64,?"}]}],
            "the data is not base64",
        ),
        ([{"role": "tool", "tool_call_id": "c9", "content": "x"}], "the id 'c9'"),
        (
            [{"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{"}}]}],
            "messages[0].tool_calls[0].function.arguments is not JSON",
        ),
        (
            [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "[]"}}],
                }
            ],
            "is list; expected a JSON object",
        ),
    ],
)
def test_invalid_messages(model, server, read, messages, message):
    got = read(model, messages)
    assert type(got.error) is BadRequestError
    assert message in str(got.error)
    assert str(got.error).count("\n") <= 2
    assert server.requests == []


def test_system_prompts_that_cannot_be_combined(model, read):
    messages = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    got = read(model, messages, system_instruction={"parts": [{"text": "c"}]})
    assert "use one of them" in str(got.error)


def test_a_config_of_the_wrong_type(model, read):
    assert "generation_config is int" in str(read(model, generation_config=3).error)


def test_arguments_that_are_not_valid_json(server, model_by, read):
    got = read(model_by(server.url), extra_body={"x": object()})
    assert type(got.error) is BadRequestError
    assert "the SDK can't build the request" in str(got.error) or "can't be sent as JSON" in str(got.error)
    assert server.requests == []
