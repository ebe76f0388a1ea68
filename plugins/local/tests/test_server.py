"""The engine as a server, called with the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from modelstream.errors import ConfigError
from modelstream_local.server import serve

QUESTION = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4, "stream": True}


def request(base_url, api_key, path, body=None):
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    return urllib.request.urlopen(urllib.request.Request(base_url + path, data, headers))  # noqa: S310


def post(base_url, api_key, body):
    return request(base_url, api_key, "/chat/completions", body)


@pytest.fixture(scope="module")
def address(model_file):
    with serve(model_file, context_length=512) as address:
        yield address


def test_the_server_streams_frames(address):
    with post(*address, QUESTION) as answer:
        frames = [line for line in answer.read().decode().split("\n") if line]
    assert address.base_url.startswith("http://127.0.0.1:")
    assert frames[-1] == "data: [DONE]"
    chunks = [json.loads(frame.removeprefix("data: ")) for frame in frames[:-1]]
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"


def test_the_key_is_required(address):
    with pytest.raises(urllib.error.HTTPError, match="401"):
        post(address.base_url, "guessed", QUESTION)


def test_the_server_lists_its_model(address, model_file):
    with request(*address, "/models") as answer:
        assert json.load(answer)["data"][0]["id"] == model_file.stem


def test_the_server_ends_with_the_block_even_in_the_middle_of_an_answer(model_file):
    with serve(model_file, context_length=8000) as address:
        answer = post(*address, QUESTION | {"max_tokens": 8000, "ignore_eos": True})
        assert answer.readline().startswith(b"data: ")
    answer.close()
    with pytest.raises(urllib.error.URLError, match="refused"):
        post(*address, QUESTION)


def test_wrong_model_path():
    with pytest.raises(ConfigError, match="model_path: no file"), serve("/not/there.gguf"):
        pass
