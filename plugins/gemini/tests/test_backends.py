"""Which SDK is used, with which arguments, and what only one of them supports."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings

import pytest

from modelstream.errors import AuthenticationError, BadRequestError, ConfigError, MissingApiKeyError
from modelstream_gemini import GeminiChat, backends
from modelstream_gemini.genai import GenaiBackend
from modelstream_gemini.generativeai import GenerativeaiBackend

PACKAGES = {"genai": "google.genai", "generativeai": "google.generativeai"}


@pytest.fixture
def transport():
    return "sdk"


def import_sdk(package):
    """The SDK's module; skips the test if it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(package, exc_type=ImportError)


@pytest.mark.parametrize("name", PACKAGES)
def test_this_sdk_is_installed(name):
    import_sdk(PACKAGES[name])


def create(**fields):
    return GeminiChat({"model_name": "m", "api_key": "k", **fields})


@pytest.mark.parametrize(
    ("installed", "backend", "expected"),
    [
        ({"google.genai"}, None, GenaiBackend),
        ({"google.generativeai"}, None, GenerativeaiBackend),
        ({"google.genai", "google.generativeai"}, None, GenaiBackend),
        ({"google.genai", "google.generativeai"}, "generativeai", GenerativeaiBackend),
        ({"google.genai", "google.generativeai"}, "genai", GenaiBackend),
    ],
)
def test_the_default_sdk_is_one_that_is_installed(monkeypatch, installed, backend, expected):
    monkeypatch.setattr(backends, "_is_installed", installed.__contains__)
    assert isinstance(create(backend=backend)._backend, expected)


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("generativeai", "backend 'generativeai' .*pip install 'modelstream-gemini.generativeai.'"),
        ("genai", "backend 'genai' .*pip install google-genai"),
        (None, "gemini_chat needs .*google-genai or .*generativeai"),
    ],
)
def test_an_sdk_that_is_not_installed(monkeypatch, backend, message):
    monkeypatch.setattr(backends, "_is_installed", lambda package: False)
    with pytest.raises(ConfigError, match=message):
        create(backend=backend)


def test_an_unknown_sdk():
    with pytest.raises(ConfigError, match="'backend'"):
        create(backend="vertex")


def test_a_key_is_required(backend):
    with pytest.raises(MissingApiKeyError, match=r"GOOGLE_API_KEY or GEMINI_API_KEY.*'api_key'"):
        create(api_key=None, backend=backend)


def test_a_model_name_is_required():
    with pytest.raises(ConfigError, match="'model_name'"):
        GeminiChat(api_key="k")


def test_a_config_of_agentscope_loads():
    model = GeminiChat(
        config_name="mine", model_type="gemini_chat", model_name="gemini-pro", api_key="k", stream=True
    )
    assert model.config.stream is True


def test_nothing_heavy_is_imported_before_the_first_call(backend):
    program = (
        "import sys, modelstream_gemini\n"
        f"modelstream_gemini.GeminiChat(model_name='m', api_key='k', backend={backend!r})\n"
        "heavy = ('google.genai', 'google.generativeai', 'httpx', 'httpx2', 'asyncio', 'pydantic')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# google-genai


@pytest.fixture
def genai():
    return import_sdk("google.genai")


def test_unknown_options(genai, server, model_of, read):
    got = read(model_of(server.url, backend="genai"), temprature=1)
    assert type(got.error) is BadRequestError
    assert "temprature: Extra inputs are not permitted" in str(got.error)
    assert server.requests == []


def test_objects_of_genai(genai, server, model_of):
    types = genai.types
    model = model_of(server.url, backend="genai")
    contents = [
        types.Content(role="user", parts=[types.Part.from_text(text="hi")]),
        types.Content(role="model", parts=[types.Part.from_text(text="Hello.")]),
        types.Content(role="user", parts=[types.Part.from_bytes(data=b"x", mime_type="image/png")]),
    ]
    config = types.GenerateContentConfig(
        temperature=0.5,
        system_instruction="Be brief.",
        thinking_config=types.ThinkingConfig(include_thoughts=True),
        safety_settings=[
            types.SafetySetting(
                category=types.HarmCategory.HARM_CATEGORY_HARASSMENT,
                threshold=types.HarmBlockThreshold.BLOCK_NONE,
            )
        ],
    )
    for call in (lambda: model(contents, config=config), lambda: model(contents=contents, config=config)):
        assert call().text == "Hello"
        sent = server.requests[-1].json
        assert [turn["role"] for turn in sent["contents"]] == ["user", "model", "user"]
        assert sent["contents"][2]["parts"][0]["inlineData"]["data"] == "eA=="
        assert sent["systemInstruction"]["parts"] == [{"text": "Be brief."}]
        assert sent["generationConfig"]["temperature"] == 0.5
        assert sent["safetySettings"][0]["threshold"] == "BLOCK_NONE"


def test_the_headers_of_the_sdk_are_sent(genai, server, model_of):
    args = {"http_options": {"headers": {"X-Mine": "1"}}}
    model_of(server.url, backend="genai", client_args=args)("hi", stream=True).close()
    headers = server.requests[0].headers
    assert f"google-genai-sdk/{genai.__version__}" in headers["user-agent"]
    assert headers["x-mine"] == "1"


def test_vertex_ai_with_a_key(genai, server, model_of):
    model = model_of(server.url, backend="genai", client_args={"vertexai": True})
    model("hi", stream=True).close()
    request = server.requests[0]
    assert request.path == "/v1beta1/publishers/google/models/gemini-test:streamGenerateContent?alt=sse"
    assert request.headers["x-goog-api-key"] == "k"


def vertex_config(refresh_token):
    """The config of a model on Vertex AI, with credentials like those of a service account."""
    credentials = import_sdk("google.auth.credentials")

    class Credentials(credentials.Credentials):
        def refresh(self, request):
            self.token = refresh_token()

    args = {"vertexai": True, "project": "p", "location": "europe-west1", "credentials": Credentials()}
    return {"backend": "genai", "api_key": None, "client_args": args}


def test_vertex_ai_with_credentials(genai, server, model_of, read):
    assert read(model_of(server.url, **vertex_config(lambda: "token"))).text == "Hello"
    request = server.requests[0]
    path = "projects/p/locations/europe-west1/publishers/google/models/gemini-test"
    assert request.path == f"/v1beta1/{path}:streamGenerateContent?alt=sse"
    assert request.headers["authorization"] == "Bearer token"
    assert "x-goog-api-key" not in request.headers


def test_credentials_that_are_rejected(genai, server, model_of, read):
    exceptions = import_sdk("google.auth.exceptions")

    def reject():
        raise exceptions.RefreshError("the account is disabled")

    got = read(model_of(server.url, **vertex_config(reject)))
    assert type(got.error) is AuthenticationError
    assert "no access token: the account is disabled" in str(got.error)


def test_client_args_that_the_sdk_rejects(genai, server, model_of, read):
    for args in ({"credentals": 1}, {"project": "p"}, {"http_options": {"base_ulr": "x"}}):
        with pytest.raises(ConfigError, match="google-genai can't create a client"):
            read(model_of(server.url, backend="genai", client_args=args))


# google-generativeai


@pytest.fixture
def generativeai():
    return import_sdk("google.generativeai")


def test_objects_of_generativeai(generativeai, server, model_of):
    protos, types = generativeai.protos, generativeai.types
    part = protos.Part(inline_data=protos.Blob(mime_type="image/png", data=b"x"))
    contents = [
        protos.Content(role="user", parts=[protos.Part(text="hi")]),
        {"role": "model", "parts": ["Hello."]},
        protos.Content(role="user", parts=[part]),
    ]
    model = model_of(server.url, backend="generativeai")
    model(
        contents,
        stream=True,
        generation_config=types.GenerationConfig(temperature=0.5, stop_sequences=["x"]),
        safety_settings={"HARASSMENT": types.HarmBlockThreshold.BLOCK_NONE},
        tool_config=protos.ToolConfig(function_calling_config={"mode": "ANY"}),
        tools=[protos.Tool(function_declarations=[{"name": "f"}]), {"google_search": {}}],
        system_instruction=protos.Content(parts=[protos.Part(text="Be brief.")]),
    ).close()
    assert server.requests[0].json == {
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"text": "Hello."}]},
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "eA=="}}]},
        ],
        "generationConfig": {"temperature": 0.5, "stopSequences": ["x"]},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "tools": [{"functionDeclarations": [{"name": "f"}]}, {"google_search": {}}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
    }


def test_a_generation_config_that_is_a_message(generativeai, server, model_of):
    config = generativeai.protos.GenerationConfig(temperature=0.5, max_output_tokens=7)
    model_of(server.url, backend="generativeai")("hi", stream=True, generation_config=config).close()
    assert server.requests[0].json["generationConfig"] == {"temperature": 0.5, "maxOutputTokens": 7}


def test_numbers_in_calls_of_the_history_are_not_changed(server, model_of, backend):
    """The SDK's own messages would turn them into floats."""
    call = {"role": "model", "parts": [{"function_call": {"name": "f", "args": {"n": 2}}}]}
    model_of(server.url, backend=backend)(contents=["hi", call, "go on"], stream=True).close()
    assert b'"n": 2}' in server.requests[0].body.replace(b'"n":2', b'"n": 2')


def test_the_global_configuration_is_neither_read_nor_changed(generativeai, server, model_of):
    generativeai.configure(api_key="global", client_options={"api_endpoint": "nowhere.example"})
    manager = importlib.import_module("google.generativeai.client")._client_manager
    before = dict(manager.client_config)
    model_of(server.url, backend="generativeai")("hi", stream=True).close()
    assert server.requests[0].headers["x-goog-api-key"] == "k"
    assert manager.client_config == before


def test_the_deprecation_notice_of_the_sdk_is_not_shown():
    import_sdk("google.generativeai")
    program = "from modelstream_gemini.generativeai import _converters\nprint(sorted(_converters()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "contents" in done.stdout
    assert done.stderr == ""


def test_client_args_with_generativeai(monkeypatch):
    monkeypatch.setattr(backends, "_is_installed", lambda package: True)
    with pytest.raises(ConfigError, match="client_args are for google-genai"):
        create(backend="generativeai", client_args={"project": "p"})
