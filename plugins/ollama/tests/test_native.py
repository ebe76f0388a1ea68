"""The native transport: it finds the server itself, and imports no SDK."""

from __future__ import annotations

import subprocess
import sys

import pytest

from modelstream.errors import ConfigError
from modelstream_ollama import OllamaChat
from modelstream_ollama.addresses import server_at


def test_no_sdk_is_imported(server):
    program = f"""
import sys
from modelstream_ollama import OllamaChat
model = OllamaChat({{"model_name": "m", "host": {server.url!r}, "transport": "native"}})
print(model("hi", stream=True).text, sorted({{"ollama", "httpx", "pydantic"}} & set(sys.modules)))
"""
    command = [sys.executable, "-c", program]
    assert subprocess.check_output(command, text=True, timeout=30) == "Hello []\n"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("box:1", "http://box:1"),
        (":1", "http://127.0.0.1:1"),
        ("box/under/", "http://box:11434/under"),
        ("http://box", "http://box"),
        ("https://box/", "https://box"),
        ("https://box:1/under", "https://box:1/under"),
        ("[::1]", "http://[::1]:11434"),
        ("https://[::1]:1", "https://[::1]:1"),
    ],
)
def test_an_address_is_completed_as_ollama_does(monkeypatch, host, address):
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    assert server_at(host) == address
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert server_at(None) == address


@pytest.mark.parametrize("host", ["localhost:port", "ftp://box", "http://[::1"])
def test_an_invalid_address(monkeypatch, host):
    with pytest.raises(ConfigError, match=r"^host is "):
        OllamaChat({"model_name": "m", "transport": "native", "host": host})
    monkeypatch.setenv("OLLAMA_HOST", host)
    with pytest.raises(ConfigError, match=r"^OLLAMA_HOST is "):
        OllamaChat({"model_name": "m", "transport": "native"})


@pytest.mark.parametrize(
    ("client_args", "message"),
    [
        ({"timeuot": 1}, r"'timeuot'.* Did you mean 'timeout'\?"),
        ({"verify": False}, "'verify', which the native transport does not support"),
        ({"timeout": "soon"}, "timeout is 'soon'"),
    ],
)
def test_unsupported_client_args(client_args, message):
    with pytest.raises(ConfigError, match=message):
        OllamaChat({"model_name": "m", "transport": "native", "client_args": client_args})
