"""The native transport imports no SDK and supports fewer client arguments."""

from __future__ import annotations

import subprocess
import sys

import pytest

from modelstream.errors import ConfigError
from modelstream_openai import OpenAIChat


@pytest.fixture
def native_of(server):
    """Creates a wrapper with these `client_args`."""

    def native_of(**client_args):
        args = {"base_url": f"{server.url}/v1", **client_args}
        return OpenAIChat(model_name="m", transport="native", max_retries=0, client_args=args)

    return native_of


def test_the_sdk_is_never_imported(server):
    program = (
        "import asyncio, sys\n"
        "from modelstream_openai import OpenAIChat\n"
        f"model = OpenAIChat(model_name='m', base_url={server.url!r}, transport='native')\n"
        "async def main(): return await (await model.acall('hi', stream=True)).get_text()\n"
        "print(model('hi', stream=True).text, asyncio.run(main()))\n"
        "print([name for name in ('openai', 'httpx', 'httpx2', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "Hello Hello\n[]\n"


def test_a_sync_call_over_plain_http_imports_neither_asyncio_nor_ssl(server):
    program = (
        "import sys\n"
        "from modelstream_openai import OpenAIChat\n"
        f"model = OpenAIChat(model_name='m', base_url={server.url!r}, transport='native')\n"
        "print(model('hi', stream=True).text)\n"
        "print([name for name in ('asyncio', 'ssl') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "Hello\n[]\n"


def test_an_unknown_transport():
    with pytest.raises(ConfigError, match="transport"):
        OpenAIChat(model_name="m", api_key="k", transport="carrier-pigeon")


@pytest.mark.parametrize(
    ("client_args", "message"),
    [
        ({"http_client": None}, r"'http_client'.*\n.*'transport': 'sdk'"),
        ({"timeuot": 3}, r"'timeuot'.* Did you mean 'timeout'\?"),
        ({"max_retries": 2}, r"max_retries=2.*'max_retries' of the model config"),
    ],
)
def test_unsupported_client_args(native_of, client_args, message):
    with pytest.raises(ConfigError, match=message):
        native_of(**client_args)


def test_a_timeout_that_is_not_a_number(native_of):
    with pytest.raises(ConfigError, match="timeout is 'soon'"):
        native_of(timeout="soon")("hi", stream=True)


def test_organization_and_project_from_the_environment(server, native_of, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    assert native_of()("hi", stream=True).text == "Hello"
    headers = server.requests[0].headers
    assert (headers["openai-organization"], headers["openai-project"]) == ("org-1", "proj-1")


def test_calls_of_several_wrappers_share_a_connection(server, native_of):
    for _ in range(3):
        assert native_of()("hi", stream=True).text == "Hello"
    assert len(server.connections) == 1
