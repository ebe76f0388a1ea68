"""A wrong set-up is a `ConfigError` that names it, for every HTTP provider, by every transport."""

from __future__ import annotations

import asyncio
import json
from importlib.util import find_spec

import httpx
import pytest

from modelstream.errors import BadRequestError, ConfigError
from modelstream.testing.server import Answer

# What the SDKs warn of when they are imported is not about this project.
pytestmark = pytest.mark.filterwarnings("ignore")

ENDPOINTS = {
    "openai_chat": "/chat/completions",
    "zhipuai_chat": "/chat/completions",
    "dashscope_chat": "/services/aigc/text-generation/generation",
    "gemini_chat": "/v1beta/models/m:streamGenerateContent",
    "ollama_chat": "/api/chat",
}
INVALID_URLS = [
    "ftp://u:s3cr3t@localhost",
    "http://u:s3cr3t@localhost:port",
    "http://u:s3?cr3t@localhost:port",
    "http://localhost:99999",
    "http://[::1",
    " http://localhost",
    "http://local host",
]
URL_WITH_QUERY = "http://localhost/v1?key=s3cr3t"
KEYS = {
    "openai_chat": "OPENAI_API_KEY",
    "zhipuai_chat": "ZHIPUAI_API_KEY",
    "dashscope_chat": "DASHSCOPE_API_KEY",
    "gemini_chat": "GOOGLE_API_KEY",
    "ollama_chat": "OLLAMA_API_KEY",
}
PROXIES = [f"{scheme}{case}" for scheme in ("all", "http", "https") for case in ("_proxy",)]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in (*PROXIES, "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def http_provider(provider):
    if provider.model_type == "litellm_chat":
        pytest.skip("LiteLLM creates its clients and URLs")
    return provider


@pytest.mark.parametrize("key", ["id.se\u201dcret", "id.se\u2026cret", "id.s\u00e9cret", "id.se\ncret"])
def test_a_key_that_no_header_can_have(provider, server, ask, key):
    with pytest.raises(ConfigError, match="api_key") as caught:
        ask(provider.model(server, api_key=key))
    assert "position 6" in str(caught.value) or "position 5" in str(caught.value)
    assert "cret" not in str(caught.value)


def test_a_key_of_the_environment_that_no_header_can_have(http_provider, server, ask, monkeypatch):
    name = KEYS[http_provider.model_type]
    monkeypatch.setenv(name, "id.\u201csecret")
    with pytest.raises(ConfigError, match=name):
        ask(http_provider.model(server, api_key=None))


def test_a_key_of_the_environment_that_litellm_cannot_send(provider, server, ask, monkeypatch):
    if provider.model_type != "litellm_chat":
        pytest.skip("the others read the key themselves")
    monkeypatch.setenv("OPENAI_API_KEY", "id.\u201csecret")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        ask(provider.model(server, api_key=None))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["\u201dx\u201d", "a\nb", "\u00fc"])
def test_a_header_that_cannot_be_sent(provider, server, ask, value):
    with pytest.raises(ConfigError, match="'X-Mine'"):
        ask(provider.model(server, headers={"X-Mine": value}))
    with pytest.raises(BadRequestError, match="'X-Mine'"):
        ask(provider.model(server), headers={"X-Mine": value})


@pytest.mark.parametrize(
    "timeout", [httpx.Timeout(5), httpx.Timeout(None), httpx.Timeout(5, read=9)], ids=repr
)
def test_a_timeout_of_httpx(provider, server, ask, timeout):
    assert ask(provider.model(server, timeout=timeout)) == "Hello"
    assert ask(provider.model(server), timeout=timeout) == "Hello"


@pytest.mark.skipif(find_spec("socksio") is not None, reason="this environment has socksio")
@pytest.mark.parametrize("url", ["socks5://127.0.0.1:9", "socks5h://127.0.0.1:9", "socks://127.0.0.1:9"])
@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"])
def test_a_proxy_that_is_not_supported(http_provider, server, ask, monkeypatch, name, url):
    monkeypatch.setenv(name, url)
    with pytest.raises(ConfigError, match=f"(?i)^{name} is a proxy"):
        ask(http_provider.model(server))
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    assert ask(http_provider.model(server)) == "Hello"


@pytest.mark.skipif(find_spec("socksio") is not None, reason="this environment has socksio")
def test_a_proxy_that_is_not_used(http_provider, server, ask, monkeypatch):
    """Many tools set all three variables; the one that a request uses is supported."""
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", server.url)
    model = http_provider.model(server, base_url=f"http://model.invalid{http_provider.path}")
    assert ask(model) == "Hello"
    assert server.requests[-1].path.startswith("http://model.invalid/")


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "not PEM"])
def test_a_certificate_file(http_provider, server, ask, monkeypatch, tmp_path, content):
    path = tmp_path / "mine.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setattr("modelstream.wire.native.tls._contexts", [])
    fields = {}
    if http_provider.transport == "native":  # without TLS it reads no certificates
        fields["base_url"] = f"{server.url}{http_provider.path}".replace("http:", "https:")
    from modelstream.wire.httpx_clients import certificates

    certificates.cache_clear()
    try:
        with pytest.raises(ConfigError, match="SSL_CERT_FILE") as caught:
            ask(http_provider.model(server, **fields))
        assert str(path) in str(caught.value)
    finally:
        certificates.cache_clear()


def test_a_base_url_with_a_query(http_provider, server, ask):
    url = f"{server.url}{http_provider.path}?api-version=2024-10-21&a=b"
    assert ask(http_provider.model(server, base_url=url), extra_query={"c": "d"}) == "Hello"
    path, _, query = server.requests[-1].path.partition("?")
    assert path.startswith(f"{http_provider.path}/")
    assert set(query.split("&")) - {"alt=sse"} == {"api-version=2024-10-21", "a=b", "c=d"}


@pytest.mark.parametrize("end", ["", "/", "?a=b"])
def test_a_base_url_with_the_endpoint(http_provider, server, end):
    url = f"{server.url}{http_provider.path}{ENDPOINTS[http_provider.model_type]}{end}"
    with pytest.raises(ConfigError, match="base_url") as caught:
        http_provider.model(server, base_url=url)
    assert ENDPOINTS[http_provider.model_type] in str(caught.value)


@pytest.mark.parametrize("url", INVALID_URLS)
def test_a_base_url_that_is_not_valid(provider, url):
    with pytest.raises(ConfigError, match="base_url") as caught:
        provider.model(None, base_url=f"{url}{provider.path}")
    assert "is not a valid" in str(caught.value)
    _check_no_secret(caught.value)


@pytest.mark.parametrize("url", ["localhost:8000", "u:s3cr3t@localhost:8000", "http://localhost#s3cr3t"])
def test_a_base_url_without_a_scheme_or_with_a_fragment(provider, url):
    if provider.model_type == "ollama_chat":
        pytest.skip("parts of an address are valid")
    with pytest.raises(ConfigError, match=r"base_url: .* is not a valid URL") as caught:
        provider.model(None, base_url=f"{url}{provider.path}")
    _check_no_secret(caught.value)


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "OLLAMA_HOST"])
def test_a_base_url_of_the_environment_that_is_not_valid(http_provider, monkeypatch, variable):
    if http_provider.model_type.partition("_")[0].upper() not in variable:
        pytest.skip("another provider's")
    monkeypatch.setenv(variable, "ftp://u:s3cr3t@localhost")
    with pytest.raises(ConfigError, match=variable) as caught:
        http_provider.model(None, base_url=None)
    _check_no_secret(caught.value)


@pytest.mark.parametrize("secret", ["http://u:s3cr3t@localhost{}", "http://localhost{}?key=s3cr3t"])
def test_the_error_for_an_endpoint_has_no_secret(provider, secret):
    path = f"{provider.path}{ENDPOINTS.get(provider.model_type, '/chat/completions')}"
    with pytest.raises(ConfigError, match=r"base_url is .* omit") as caught:
        provider.model(None, base_url=secret.format(path))
    _check_no_secret(caught.value)


def test_a_query_that_litellm_would_send_as_part_of_the_path(provider):
    if provider.model_type != "litellm_chat":
        pytest.skip("the others send it")
    for fields in ({"base_url": URL_WITH_QUERY}, {"generate_args": {"api_base": URL_WITH_QUERY}}):
        with pytest.raises(ConfigError, match=f"{next(iter(fields))}.* is .*query") as caught:
            provider.model(None, **{"base_url": None, **fields})
        _check_no_secret(caught.value)


def _check_no_secret(error):
    while error is not None:
        assert "s3cr3t" not in f"{error} {error!r}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_a_wrong_server(http_provider, server, ask):
    server.play(Answer([b"404 page not found"], 404, {"Content-Type": "text/plain"}))
    with pytest.raises(BadRequestError, match="404 page not found") as caught:
        ask(http_provider.model(server))
    if http_provider.model_type != "dashscope_chat":
        assert " right? It is the " in str(caught.value)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_status_of_success(http_provider, server, ask, status):
    answer = http_provider.answer()
    server.play(Answer(answer.body, status, answer.headers))
    assert ask(http_provider.model(server)) == "Hello"


@pytest.mark.parametrize(
    "frame", [{"detail": "Model not found"}, {"statusCode": 404, "message": "Model not found"}]
)
def test_an_error_in_place_of_a_frame(http_provider, server, ask, frame):
    server.play(Answer([http_provider.encoded(http_provider.frame("Hel")), http_provider.encoded(frame)]))
    with pytest.raises(BadRequestError, match="Model not found") as caught:
        ask(http_provider.model(server))
    assert caught.value.partial_text == "Hel"


def test_a_whole_error_keeps_text_and_counts(provider, server):
    """Only providers whose whole answers can report a failure beside text."""
    failed = {
        "openai_chat": {
            "choices": [{"index": 0, "message": {"content": "Hel"}, "finish_reason": "error"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2},
        },
        "gemini_chat": {
            "candidates": [{"content": {"parts": [{"text": "Hel"}]}, "finishReason": "OTHER"}],
            "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2},
        },
    }
    failed["zhipuai_chat"] = json.loads(
        json.dumps(failed["openai_chat"]).replace('"error"', '"network_error"')
    )
    if provider.model_type not in failed:
        pytest.skip("no such answer")

    def call():
        return provider.model(server)("hi", stream=False).text

    async def acall():
        return await (await provider.model(server).acall("hi", stream=False)).get_text()

    for ask in (call, lambda: asyncio.run(acall())):
        server.play(Answer.of_json(failed[provider.model_type]))
        with pytest.raises(Exception, match=r"failed|gave up") as caught:
            ask()
        error = caught.value
        assert error.partial_text == "Hel"
        assert (error.usage.input_tokens, error.usage.output_tokens) == (3, 2)
        assert error.raw_finish_reason in {"error", "network_error", "OTHER"}
