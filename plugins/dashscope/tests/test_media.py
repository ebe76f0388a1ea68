"""Sounds, videos and pictures of a `Msg`."""

from __future__ import annotations

import pytest

from modelstream import Msg
from modelstream.errors import BadRequestError

CALL = {"type": "tool_use", "id": "c1", "name": "look", "input": {}}
BLOCKS = [
    pytest.param(
        {"type": "image", "url": "https://a.example/b.png"},
        {"image": "https://a.example/b.png"},
        id="picture",
    ),
    pytest.param(
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "eA=="}},
        {"image": "data:image/png;base64,eA=="},
        id="picture in a source",
    ),
    pytest.param(
        {"type": "audio", "url": "https://a.example/b.mp3"}, {"audio": "https://a.example/b.mp3"}, id="sound"
    ),
    pytest.param(
        {"type": "audio", "source": {"type": "base64", "media_type": "audio/wav", "data": "eA=="}},
        {"audio": "data:audio/wav;base64,eA=="},
        id="sound in a source",
    ),
    pytest.param(
        {"type": "video", "url": "https://a.example/b.mp4"}, {"video": "https://a.example/b.mp4"}, id="video"
    ),
]


@pytest.mark.parametrize(("block", "part"), BLOCKS)
@pytest.mark.parametrize("as_dict", [False, True])
def test_a_block_alone_reaches_the_model(server, model_of, block, part, as_dict):
    model_of()([{"role": "user", "content": [block]} if as_dict else Msg("Bob", [block], "user")])
    body = server.requests[-1].json
    assert body["input"]["messages"] == [{"role": "user", "content": [part]}]
    assert "multimodal" in server.requests[-1].path


def test_the_blocks_of_a_result_are_its_content(server, model_of):
    output = [{"type": "text", "text": "a cat"}]
    result = {"type": "tool_result", "id": "c1", "name": "look", "output": output}
    model_of()([Msg("Qwen", [CALL], "assistant"), Msg("system", [result], "system")])
    assert server.requests[-1].json["input"]["messages"][1]["content"] == "a cat"


@pytest.mark.parametrize("block", [{"type": "file", "url": "https://a.example/b.pdf"}, {"type": "image"}])
def test_an_unsupported_block_is_an_error_that_names_it(server, model_of, block):
    for message in (Msg("Bob", [block], "user"), {"role": "user", "content": [block]}):
        with pytest.raises(BadRequestError, match=block["type"]):
            model_of()([message])
    assert server.requests == []
