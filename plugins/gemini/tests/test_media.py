"""Sounds, videos, files and pictures of a `Msg`, also in the results of tools."""

from __future__ import annotations

import pytest

from modelstream import Msg
from modelstream.errors import BadRequestError
from modelstream_gemini.dialect.reading import api_fields

CALL = {"type": "tool_use", "id": "c1", "name": "look", "input": {}}
PICTURE = {"type": "image", "url": "data:image/png;base64,eA=="}
INLINE = {"inlineData": {"mimeType": "image/png", "data": "eA=="}}

BLOCKS = [
    pytest.param(PICTURE, INLINE, id="picture"),
    pytest.param(
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "eA=="}},
        INLINE,
        id="picture in a source",
    ),
    pytest.param(
        {"type": "audio", "url": "data:audio/mp3;base64,eA=="},
        {"inlineData": {"mimeType": "audio/mp3", "data": "eA=="}},
        id="sound",
    ),
    pytest.param(
        {"type": "video", "url": "https://a.example/b.mp4"},
        {"fileData": {"mimeType": "video/mp4", "fileUri": "https://a.example/b.mp4"}},
        id="video",
    ),
    pytest.param(
        {"type": "file", "url": "https://a.example/b.pdf"},
        {"fileData": {"mimeType": "application/pdf", "fileUri": "https://a.example/b.pdf"}},
        id="file",
    ),
]


def _camel(part):
    """The part with the API's names; SDKs write some with underscores, which the API accepts as well."""
    return {
        name: api_fields(value, name) if isinstance(value, dict) else value
        for name, value in api_fields(part, "part").items()
    }


@pytest.mark.parametrize(("block", "part"), BLOCKS)
@pytest.mark.parametrize("text", ["", "What is it?"])
def test_a_block_reaches_the_model(server, model_by, block, part, text):
    blocks = [{"type": "text", "text": text}, block] if text else [block]
    model_by(server.url)([Msg("Bob", blocks, "user")])
    (turn,) = server.requests[-1].json["contents"]
    assert list(map(_camel, turn["parts"])) == [*([{"text": text}] if text else []), part]


@pytest.mark.parametrize("text", ["", "a cat"])
@pytest.mark.parametrize("as_dict", [False, True])
def test_pictures_in_a_result_follow_it(server, model_by, text, as_dict):
    output = [{"type": "text", "text": text}, PICTURE] if text else [PICTURE]
    result = {"type": "tool_result", "id": "c1", "name": "look", "output": output}
    messages = [Msg("Gem", [CALL], "assistant"), Msg("system", [result], "system")]
    if as_dict:
        messages[1] = {"role": "tool", "tool_call_id": "c1", "content": output}
    model_by(server.url)(messages)
    response, picture = server.requests[-1].json["contents"][1]["parts"]
    assert response["functionResponse"]["response"] == {"output": text}
    assert _camel(picture) == INLINE


def test_an_unsupported_block_is_an_error_that_names_it(server, model_by):
    with pytest.raises(BadRequestError, match="hologram"):
        model_by(server.url)([Msg("Bob", [{"type": "hologram"}], "user")])
    with pytest.raises(BadRequestError, match="hologram"):
        model_by(server.url)([{"role": "user", "content": [{"type": "hologram"}]}])
