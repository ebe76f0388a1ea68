"""The native transport sends what google-genai would send: the same path and the same JSON."""

from __future__ import annotations

import base64
import copy
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelstream.errors import BadRequestError
from modelstream_gemini.options import KNOWN

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    genai = pytest.importorskip("google.genai", reason="google-genai is not installed", exc_type=ImportError)
types = genai.types

# Names inside of these fields are the caller's and are not converted.
CALLERS = {
    "args",
    "default",
    "example",
    "headers",
    "labels",
    "parametersJsonSchema",
    "response",
    "responseJsonSchema",
}


def in_camel_case(value, field=""):
    """The SDK's JSON with all names in camel case; the SDK writes some in snake case."""
    if isinstance(value, dict):
        if field in {"properties", "extra"}:
            return {name: in_camel_case(inner) for name, inner in value.items()}
        named = {camel_case(name): inner for name, inner in value.items()}
        return {
            name: inner if name in CALLERS else in_camel_case(inner, name) for name, inner in named.items()
        }
    return [in_camel_case(item, field) for item in value] if isinstance(value, list) else value


def camel_case(name):
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


@pytest.fixture
def transport():
    return "sdk"


@pytest.fixture
def send_both(server, model_of):
    """Sends a call with both transports, asserts that the requests are equal, and returns the body."""
    models = [
        model_of(server.url, backend="genai"),
        model_of(server.url, backend=None, transport="native"),
    ]

    def send_both(messages=None, **arguments):
        messages = "hi" if messages is None and "contents" not in arguments else messages
        for model in models:
            assert model(copy.deepcopy(messages), stream=True, **copy.deepcopy(arguments)).text == "Hello"
        by_sdk, native = server.requests[-2:]
        assert native.path == by_sdk.path
        assert native.headers["x-goog-api-key"] == by_sdk.headers["x-goog-api-key"]
        assert native.headers["content-type"] == by_sdk.headers["content-type"]
        assert native.json == in_camel_case(by_sdk.json)
        return native.json

    return send_both


# Single options

FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {"my_city": {"type": "string"}}}}
OPENAI = {"name": "g", "description": "d", "parameters": FUNCTION["parameters"]}
SIGNED = {"functionCall": {"name": "f", "args": {"n": 2}}, "thoughtSignature": "c2lnbmVkLS1fXw=="}


@pytest.mark.parametrize(
    "arguments",
    [
        {"system_instruction": "Be brief."},
        {"system_instruction": ["Be brief.", "Be kind."]},
        {"system_instruction": {"text": "Be brief."}},
        {"system_instruction": {"parts": [{"text": "Be brief."}]}},
        {"thinking_config": {"include_thoughts": True, "thinkingBudget": 0}},
        {"thinking_config": {"include_thoughts": None}},
        {"safety_settings": {"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"}},
        {"safety_settings": [{"category": "harm_category_harassment", "threshold": "block_none"}]},
        {"safety_settings": []},
        {"tools": []},
        {"tools": [{"function_declarations": [FUNCTION]}, {"google_search": {}}, {"url_context": {}}]},
        {"tools": [{"functionDeclarations": [FUNCTION]}, {"type": "function", "function": OPENAI}]},
        {"tools": [{"function_declarations": [{**FUNCTION, "response": FUNCTION["parameters"]}]}]},
        {"tools": [{"function_declarations": [{**FUNCTION, "behavior": "non_blocking"}]}]},
        {"tools": [{"google_search_retrieval": {"dynamic_retrieval_config": {"mode": "mode_dynamic"}}}]},
        {"tools": [{"computer_use": {"environment": "environment_browser"}}]},
        {"tools": [{"type": "function", "function": OPENAI}], "tool_choice": "g"},
        {"tool_config": {"retrieval_config": {"lat_lng": {"latitude": 1, "longitude": 2}}}},
        {"tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": ["f"]}}},
        {"speech_config": "Kore"},
        {"speech_config": {"voice_config": {"prebuilt_voice_config": {"voice_name": "Kore"}}}},
        {"cached_content": "1"},
        {"cached_content": "cachedContents/1"},
        {"response_modalities": ["TEXT", "image"], "media_resolution": "media_resolution_low"},
        {"image_config": {"aspect_ratio": "1:1"}},
        {"response_json_schema": {"type": "object", "properties": {"a_b": {"type": "string"}}}},
        {"config": {"temperature": 0.5}, "generation_config": {"topK": 3}, "stop_sequences": []},
        {"temperature": 0.5, "extra_body": {"generation_config": {"temperature": 1}, "toolConfig": {}}},
        {"http_options": {"extra_body": {"cachedContent": "cachedContents/2"}, "api_version": "v1"}},
        {"automatic_function_calling": {"maximum_remote_calls": 3}},
        {"model": "models/other"},
        {"model": "tunedModels/my own"},
        {"model": "ünlich/x"},
    ],
    ids=str,
)
def test_options(send_both, arguments):
    send_both(**arguments)


DEFINED = {
    "$defs": {"City": {"type": "object", "properties": {"name": {"type": "string"}}}},
    "type": "object",
    "properties": {
        "home": {"$ref": "#/$defs/City"},
        "others": {"type": "array", "items": {"$ref": "#/$defs/City"}, "maxItems": 3},
        "kind": {"const": "city", "type": "string", "title": "Kind"},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        "perhaps": {"anyOf": [{"$ref": "#/$defs/City"}, {"type": "null"}]},
        "either": {"any_of": [{"type": "integer"}, {"$ref": "#/$defs/City"}, {"type": "null"}]},
    },
    "required": ["home"],
}
HEADERS = {"url": "https://example.org", "headers": {"My_Header": "x"}}
TREE = {
    "$defs": {"Tree": {"type": "object", "properties": {"branch": {"$ref": "#/$defs/Tree"}}}},
    "$ref": "#/$defs/Tree",
}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {"a_b": {"type": "STRING", "enum": ["x"]}}},
        {"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "number", "minimum": 0}}},
        {"type": "object", "properties": {"a": {"type": "null"}, "b": {}}, "property_ordering": ["b", "a"]},
        {"type": "array", "items": {"type": "string"}, "min_items": 1, "maxItems": 3},
        DEFINED,
    ],
)
def test_schemas(send_both, schema):
    send_both(response_mime_type="application/json", response_schema=schema)


def test_unknown_options_are_refused_by_name_as_sdks_do(server, model_of, transport):
    model = model_of(server.url)
    for arguments in (
        {"temprature": 1},
        {"config": {"temprature": 1}},
        {"generation_config": {"temprature": 1}},
    ):
        with pytest.raises(BadRequestError, match="temprature") as raised:
            model("hi", **arguments)
        assert ("Did you mean 'temperature'?" in str(raised.value)) == (transport == "native")
    assert server.requests == []


def test_an_option_in_extra_body_is_sent_whatever_it_is(server, model_of):
    extra = {"generationConfig": {"newest": 1}}
    assert model_of(server.url)("hi", temperature=1, extra_body=extra).text == "Hello"
    assert server.requests[-1].json["generationConfig"] == {"temperature": 1, "newest": 1}


def test_every_option_of_the_sdk_is_known():
    types = pytest.importorskip("google.genai.types")
    assert set(types.GenerateContentConfig.model_fields) <= KNOWN


@pytest.mark.parametrize(
    "arguments",
    [
        {"tools": [{"mcp_servers": [{"name": "my_s", "streamable_http_transport": HEADERS}]}]},
        {"tools": [{"computer_use": {"disabled_safety_policies": ["financial_transactions"]}}]},
        {"labels": {"my_label": "x"}},
        {"service_tier": "FLEX"},
        {"store": True},
        {"thinking_config": {"thinking_level": "low"}},
        {"response_schema": TREE},
    ],
    ids=str,
)
def test_options_that_older_sdks_reject(send_both, arguments):
    try:
        send_both(**arguments)
    except BadRequestError as error:
        if "the SDK can't build the request" not in str(error):
            raise
        pytest.skip(f"google-genai {genai.__version__} rejects it: {error}")


@pytest.mark.parametrize(
    "parts",
    [
        [{"inline_data": {"mime_type": "image/png", "data": b"\xfb\xff"}}],
        [{"inlineData": {"mimeType": "image/png", "data": "-_8="}}],
        [{"type": "image_url", "image_url": "data:image/png;base64,AAAA"}, "Look."],
        [{"file_data": {"file_uri": "gs://x/y", "mime_type": "a/b"}, "video_metadata": {"fps": 2.0}}],
        [{"text": "x", "thought": True, "thought_signature": "c2lnbmVk"}],
        [SIGNED],
        [{"executable_code": {"code": "1", "language": "python"}}],
        [{"code_execution_result": {"outcome": "outcome_ok", "output": "1"}}],
        [{"function_response": {"name": "f", "response": {"a_b": None}, "scheduling": "silent"}}],
    ],
    ids=str,
)
def test_parts(send_both, parts):
    send_both(contents=[{"role": "user", "parts": parts}])


# Random combinations

words = st.text(st.sampled_from("ab_ é"), max_size=6)
names = st.sampled_from(["a", "my_city", "myCity", "city_2", "type", "mode", "args", "parts"])
free = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-1, 1) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=6,
)
free_object = st.dictionaries(names, free, max_size=3)


def fields(required=(), /, **optional):
    """Objects with these fields, with names in snake case or camel case."""
    plain = st.fixed_dictionaries(dict(required), optional=optional)
    return st.tuples(plain, st.booleans()).map(
        lambda drawn: {camel_case(name) if drawn[1] else name: value for name, value in drawn[0].items()}
    )


kinds = st.sampled_from(["string", "integer", "NUMBER", "Boolean"])
leaves = fields({"type": kinds}, description=words, nullable=st.booleans(), title=words)
schemas = st.recursive(
    leaves,
    lambda inner: (
        fields({"type": st.just("array"), "items": inner}, min_items=st.integers(0, 3))
        | fields({"type": st.just("OBJECT"), "properties": st.dictionaries(names, inner, max_size=3)})
        | fields({"any_of": st.lists(inner, min_size=2, max_size=2)})
    ),
    max_leaves=4,
)
functions = fields({"name": words}, description=words, parameters=schemas) | fields(
    {"name": words}, parameters_json_schema=free_object
)
tools = st.lists(
    fields(function_declarations=st.lists(functions, min_size=1, max_size=2))
    | fields(google_search=st.just({}))
    | st.fixed_dictionaries({"type": st.just("function"), "function": st.just(OPENAI)}),
    max_size=3,
)
modes = st.sampled_from(["auto", "ANY", "none"])
arguments = fields(
    temperature=st.floats(0, 2),
    top_p=st.floats(0, 1),
    top_k=st.integers(1, 9),
    candidate_count=st.integers(1, 2),
    max_output_tokens=st.integers(1, 99),
    stop_sequences=st.lists(words, max_size=2),
    presence_penalty=st.floats(-1, 1),
    frequency_penalty=st.floats(-1, 1),
    seed=st.integers(0, 9),
    response_mime_type=words,
    response_schema=schemas,
    response_modalities=st.lists(st.sampled_from(["TEXT", "IMAGE"]), max_size=2),
    thinking_config=fields(include_thoughts=st.none() | st.booleans(), thinking_budget=st.integers(0, 9)),
    system_instruction=words | st.lists(words, min_size=1, max_size=2),
    tools=tools,
    tool_config=fields(
        function_calling_config=fields({"mode": modes}, allowed_function_names=st.lists(words, max_size=2))
    ),
    speech_config=fields(language_code=words),
)
turns = st.fixed_dictionaries({"role": st.just("user"), "content": words})
answers = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": words | st.none()},
    optional={
        "tool_calls": st.lists(
            st.fixed_dictionaries(
                {
                    "id": st.just("c"),
                    "function": st.fixed_dictionaries({"name": words, "arguments": free_object}),
                }
            ),
            max_size=2,
        )
    },
)
pairs = st.tuples(turns, answers)


@pytest.mark.timeout(120)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(pairs, max_size=2), turns, arguments, st.sampled_from(["", "config", "generation_config"]))
def test_random_calls(send_both, before, last, options, argument):
    messages = [*(item for pair in before for item in pair), last]
    send_both(messages, **({argument: options} if argument else options))


# The SDK's objects


def test_a_config_and_contents_of_the_sdk(send_both):
    config = types.GenerateContentConfig(
        temperature=0.5,
        system_instruction=types.Content(parts=[types.Part.from_text(text="Be brief.")]),
        thinking_config=types.ThinkingConfig(include_thoughts=True),
        response_schema=types.Schema(
            type="OBJECT", properties={"b_c": types.Schema(type="STRING"), "a": types.Schema(type="NUMBER")}
        ),
        safety_settings=[
            types.SafetySetting(
                category=types.HarmCategory.HARM_CATEGORY_HARASSMENT,
                threshold=types.HarmBlockThreshold.BLOCK_NONE,
            )
        ],
        tools=[types.Tool(function_declarations=[types.FunctionDeclaration(**FUNCTION)])],
        media_resolution=types.MediaResolution.MEDIA_RESOLUTION_LOW,
        http_options=types.HttpOptions(extra_body={"store": True}),
    )
    contents = [
        types.Content(role="user", parts=[types.Part.from_bytes(data=b"\xfb\xff", mime_type="image/png")]),
        types.Content(role="model", parts=[types.Part.from_function_call(name="f", args={"my_n": 2})]),
        types.Content(
            role="user", parts=[types.Part.from_function_response(name="f", response={"my_r": None})]
        ),
    ]
    sent = send_both(contents, config=config)
    assert (
        sent["contents"][0]["parts"][0]["inlineData"]["data"]
        == base64.urlsafe_b64encode(b"\xfb\xff").decode()
    )
    assert sent["generationConfig"]["responseSchema"]["propertyOrdering"] == ["b_c", "a"]


@pytest.mark.parametrize(
    "contents",
    [
        types.Part.from_text(text="hi"),
        types.Content(role="user", parts=[types.Part.from_text(text="hi")]),
        [types.Part.from_text(text="Look:"), types.Part.from_uri(file_uri="gs://x", mime_type="a/b")],
        ["Look:", types.Part.from_bytes(data=b"x", mime_type="image/png")],
        [["Look:", types.Part.from_text(text="here")]],
    ],
    ids=["part", "content", "parts", "text and part", "list of parts"],
)
def test_contents_of_the_sdk(send_both, contents):
    send_both(contents=contents)
