"""What the server is sent, in every way that there is to make requests."""

from __future__ import annotations

import base64
import json

import pytest

from modelstream.agents import Msg
from modelstream.errors import BadRequestError
from modelstream.testing.server import Answer
from modelstream_gemini.dialect.signatures import MOST, Signatures

PIXEL = base64.b64encode(b"a picture").decode()


def plainly(value):
    """JSON with all names as the API's documentation has them; the API takes both ways."""
    if isinstance(value, dict):
        return {_camel(key): plainly(inner) for key, inner in value.items()}
    return [plainly(inner) for inner in value] if isinstance(value, list) else value


def _camel(name):
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def body_of(ask):
    def sent(messages=None, fields=(), /, **arguments):
        return plainly(ask(messages, fields, **arguments).json)

    return sent


@pytest.fixture
def sent(ask):
    """The body that the server was sent."""
    return body_of(ask)


@pytest.fixture
def sent_by_an_sdk(ask_an_sdk):
    """The same where only an SDK can make it."""
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
def test_names_of_models_may_be_whole(ask, name):
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


def test_system_messages_become_the_instruction(sent):
    body = sent(
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


def test_a_system_prompt_alone_is_sent_as_the_users(sent):
    body = sent([{"role": "system", "content": "Say hello."}])
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Say hello."}]}]
    assert "systemInstruction" not in body


def test_a_system_instruction_goes_before_system_messages(sent):
    body = sent(
        [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}],
        system_instruction="Be brief.",
    )
    assert body["systemInstruction"]["parts"] == [{"text": "Be brief."}, {"text": "Be kind."}]


def test_neighbours_of_one_role_are_one_turn_and_say_who_speaks(sent):
    body = sent([Msg("Ann", "hi", "user"), Msg("Bob", "hello", "user"), Msg("Gem", "Yes?", "assistant")])
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "Ann: hi"}, {"text": "Bob: hello"}]},
        {"role": "model", "parts": [{"text": "Yes?"}]},
    ]


@pytest.mark.parametrize("content", ["", None, []])
def test_an_assistant_that_said_nothing_has_no_turn(sent, content):
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": content}]
    assert [turn["role"] for turn in sent(messages)["contents"]] == ["user"]


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
def test_pictures_and_other_media(sent, part, expected):
    body = sent([{"role": "user", "content": [{"type": "text", "text": "Look:"}, part]}])
    assert body["contents"][0]["parts"] == [{"text": "Look:"}, expected]


def test_a_picture_in_a_msg(sent):
    message = Msg("Ann", [{"type": "image", "url": f"data:image/png;base64,{PIXEL}"}], "user")
    assert sent(message)["contents"][0]["parts"] == [PICTURE]


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
CLOCK = {
    "type": "function",
    "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}},
}


def test_tools_as_openai_and_agentscope_write_them(sent):
    (tool,) = sent("hi", tools=[WEATHER, CLOCK])["tools"]
    assert tool["functionDeclarations"] == [
        {
            "name": "weather",
            "description": "Tells the weather.",
            "parametersJsonSchema": WEATHER["function"]["parameters"],
        },
        {"name": "clock"},
    ]


def test_tools_as_gemini_writes_them(sent):
    tools = [{"function_declarations": [{"name": "f", "description": "d"}]}, {"google_search": {}}]
    found = sent("hi", tools=tools)["tools"]
    assert sorted(found, key=str) == [
        {"functionDeclarations": [{"name": "f", "description": "d"}]},
        {"googleSearch": {}},
    ]


def test_tools_that_are_functions(sent_by_an_sdk):
    def weather(city: str, days: int) -> str:
        """Tells the weather."""

    (tool,) = sent_by_an_sdk("hi", tools=[weather, WEATHER])["tools"][-1:]
    (declared,) = tool["functionDeclarations"][-1:]
    names = [one["name"] for one in sent_by_an_sdk("hi", tools=[weather])["tools"][0]["functionDeclarations"]]
    assert names == ["weather"]
    assert (declared["name"], declared["description"]) == ("weather", "Tells the weather.")


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
def test_tool_choice(sent, choice, expected):
    body = sent("hi", tools=[WEATHER], tool_choice=choice)
    assert body["toolConfig"] == {"functionCallingConfig": expected}


def used(call_id, result, name="weather"):
    """A conversation in which a tool was used."""
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
def test_results_of_tools(sent, result, response):
    asked, called, returned = sent(used("c1", result))["contents"]
    assert asked["role"] == "user"
    assert called["role"] == "model"
    args = {"city": "Oslo", "days": 2, "x": 2.0}
    assert called["parts"][0]["functionCall"] == {"name": "weather", "id": "c1", "args": args}
    assert [type(value) for value in called["parts"][0]["functionCall"]["args"].values()] == [str, int, float]
    assert returned == {
        "role": "user",
        "parts": [{"functionResponse": {"name": "weather", "id": "c1", "response": response}}],
    }


def test_results_of_parallel_calls_stand_together(sent):
    calls = [{"id": f"c{n}", "function": {"name": f"f{n}", "arguments": ""}} for n in range(2)]
    messages = [
        {"role": "user", "content": "Both."},
        {"role": "assistant", "content": "I ask.", "tool_calls": calls},
        *({"role": "tool", "tool_call_id": f"c{n}", "content": str(n)} for n in range(2)),
    ]
    _, called, returned = sent(messages)["contents"]
    assert [list(part) for part in called["parts"]] == [
        ["text"],
        ["functionCall", "thoughtSignature"],
        ["functionCall"],
    ]
    assert [part["functionResponse"]["name"] for part in returned["parts"]] == ["f0", "f1"]


def test_calls_and_results_in_a_msg(sent):
    call = {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Oslo"}}
    result = {"type": "tool_result", "id": "c1", "name": "weather", "output": "rain"}
    body = sent([Msg("Gem", [call], "assistant"), Msg("system", [result], "system")])
    assert body["contents"][0]["parts"][0]["functionCall"]["args"] == {"city": "Oslo"}
    assert body["contents"][1]["parts"][0]["functionResponse"]["response"] == {"output": "rain"}


def test_signatures_of_calls_go_back_with_them(server, model_by, wire):
    signature = base64.b64encode(b"signed").decode()
    signed = {**wire.call("weather", {"city": "Oslo"}), "thoughtSignature": signature}
    server.play(Answer([wire.event(wire.candidate(signed)), wire.end]))
    model = model_by(server.url)
    (call,) = model("hi").tool_calls
    server.play(wire.hello)
    for call_id, expected in ((call.id, signature), ("unknown", None)):
        model(used(call_id, "rain"))
        (part,) = server.requests[-1].json["contents"][1]["parts"]
        if expected is None:
            # What the API takes where a signature is not known.
            assert b"skip_thought_signature_validator" in (
                part["thoughtSignature"].encode(),
                base64.urlsafe_b64decode(part["thoughtSignature"]),
            )
        else:
            assert part["thoughtSignature"] == expected


def test_signatures_are_kept_for_the_last_thousand_calls():
    signatures = Signatures()
    for number in range(MOST + 1):
        signatures.keep(f"c{number}", "s")
    assert (signatures.of("c0"), signatures.of("c1"), signatures.of(f"c{MOST}")) == (None, "s", "s")


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
def test_generation_options(sent, arguments, place):
    body = sent("hi", **arguments) if place == "call" else sent("hi", {"generate_args": arguments})
    assert body["generationConfig"] == {
        "temperature": 0.5,
        "maxOutputTokens": 9,
        "stopSequences": ["x"],
        "thinkingConfig": {},
    }


def test_thinking(sent):
    body = sent("hi", thinking_config={"include_thoughts": True, "thinkingBudget": 100})
    assert body["generationConfig"]["thinkingConfig"] == {"includeThoughts": True, "thinkingBudget": 100}


def test_arguments_of_the_call_override_those_of_the_config(sent):
    fields = {"generate_args": {"temperature": 0.1, "max_output_tokens": 5, "top_k": 3}}
    body = sent("hi", fields, temperature=0.9, maxOutputTokens=7, top_k=None)
    assert body["generationConfig"] == {"temperature": 0.9, "maxOutputTokens": 7}


@pytest.mark.parametrize(
    "settings",
    [
        [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        {"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"},
    ],
)
def test_options_beside_the_generation_config(sent, settings):
    body = sent(
        "hi",
        safety_settings=settings,
        cachedContent="cachedContents/1",
        tool_config={"function_calling_config": {"mode": "AUTO"}},
    )
    assert body["safetySettings"] == [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    assert body["cachedContent"] == "cachedContents/1"
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}
    assert not body.get("generationConfig")


def test_a_schema_for_the_answer(sent):
    schema = {"type": "OBJECT", "properties": {"first_name": {"type": "STRING"}}}
    json_schema = {"type": "object", "properties": {"first_name": {"type": "string"}}}
    config = sent("hi", response_mime_type="application/json", response_schema=schema)["generationConfig"]
    assert config["responseSchema"]["properties"]["firstName"] == {"type": "STRING"}
    config = sent("hi", response_json_schema=json_schema)["generationConfig"]
    assert config["responseJsonSchema"]["properties"]["firstName"] == {"type": "string"}


def test_names_inside_a_schema_are_left_alone(ask):
    schema = {
        "type": "OBJECT",
        "properties": {"first_name": {"type": "STRING"}, "lastName": {"type": "STRING"}},
    }
    sent = json.dumps(ask("hi", response_schema=schema).json)
    assert '"first_name"' in sent
    assert '"lastName"' in sent


def test_a_schema_that_is_a_type(sent_by_an_sdk):
    config = sent_by_an_sdk("hi", response_mime_type="application/json", response_schema=list[str])[
        "generationConfig"
    ]
    schema = config["responseSchema"]
    assert (schema["type"], schema["items"]["type"]) == ("ARRAY", "STRING")


def test_what_the_sdk_does_not_know_goes_into_extra_body(sent):
    body = sent("hi", temperature=0.5, extra_body={"futureOption": 1, "generationConfig": {"futureMode": 2}})
    assert body["futureOption"] == 1
    assert body["generationConfig"] == {"temperature": 0.5, "futureMode": 2}


# Contents, as code for Google's SDKs and AgentScope has them


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
def test_contents(sent, contents):
    expected = [{"role": "user", "parts": [{"text": "hi"}]}]
    assert sent(contents=contents)["contents"] == expected
    if not isinstance(contents, list) or "text" not in contents[0]:
        assert sent(contents)["contents"] == expected


def test_contents_of_several_turns(sent):
    contents = [
        {"role": "user", "parts": ["hi"]},
        {"role": "model", "parts": ["Hello."]},
        {"role": "user", "parts": ["Look:", {"inline_data": {"mime_type": "image/png", "data": PIXEL}}]},
    ]
    first, second, third = sent(contents=contents)["contents"]
    assert (first["role"], second["role"]) == ("user", "model")
    assert third["parts"] == [{"text": "Look:"}, PICTURE]


def test_messages_or_contents_and_not_both(model):
    for arguments in ({"messages": "hi", "contents": "hi"}, {}):
        with pytest.raises(TypeError, match="messages"):
            model(**arguments)


# What can't be sent


@pytest.mark.parametrize(
    ("messages", "says"),
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
def test_what_is_wrong_with_messages_is_told(model, server, read, messages, says):
    got = read(model, messages)
    assert type(got.error) is BadRequestError
    assert says in str(got.error)
    assert str(got.error).count("\n") <= 2
    assert server.requests == []


def test_system_prompts_that_do_not_go_together(model, read):
    messages = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    got = read(model, messages, system_instruction={"parts": [{"text": "c"}]})
    assert "use one of them" in str(got.error)


def test_a_config_of_the_wrong_type(model, read):
    assert "generation_config is int" in str(read(model, generation_config=3).error)


def test_what_is_no_json(server, model_by, read):
    got = read(model_by(server.url), extra_body={"x": object()})
    assert type(got.error) is BadRequestError
    assert "the SDK can't build the request" in str(got.error) or "can't be sent as JSON" in str(got.error)
    assert server.requests == []
