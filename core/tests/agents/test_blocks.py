"""The blocks of a `Msg` on their way to a model."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from modelstream import BadRequestError, DialogAgent, Finish, ModelWrapper, Msg, StateDelta, TemporaryMemory
from modelstream.agents.viewpoint import as_seen_by
from modelstream.wire import openai_messages

TEXT = {"type": "text", "text": "Hi"}
DATA = base64.b64encode(b"data").decode()
STATE = {"dialect": "stateful_chat", "base_url": "", "items": [{"signature": "c2ln"}]}


def _sent(*blocks: Any, role: Any = "user") -> list[dict[str, Any]]:
    return openai_messages(Msg("Bob", list(blocks), role).to_chat_messages())


def _source(kind: str, media_type: str) -> dict[str, Any]:
    return {"type": kind, "source": {"type": "base64", "media_type": media_type, "data": DATA}}


# A block, its part between a `Msg` and the wrapper, and OpenAI's part.
BLOCKS = [
    pytest.param(
        {"type": "image", "url": "https://a.example/b.png"},
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
        id="image",
    ),
    pytest.param(
        _source("image", "image/gif"),
        {"type": "image_url", "image_url": {"url": f"data:image/gif;base64,{DATA}"}},
        {"type": "image_url", "image_url": {"url": f"data:image/gif;base64,{DATA}"}},
        id="image with a source",
    ),
    pytest.param(
        {"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}},
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
        id="image with the URL in a source",
    ),
    pytest.param(
        _source("audio", "audio/mpeg"),
        {"type": "audio", "url": f"data:audio/mpeg;base64,{DATA}"},
        {"type": "input_audio", "input_audio": {"data": DATA, "format": "mp3"}},
        id="sound with a source",
    ),
    pytest.param(
        {"type": "audio", "url": f"data:audio/wav;base64,{DATA}"},
        {"type": "audio", "url": f"data:audio/wav;base64,{DATA}"},
        {"type": "input_audio", "input_audio": {"data": DATA, "format": "wav"}},
        id="sound",
    ),
    pytest.param(
        {"type": "audio", "url": "https://a.example/b.mp3"},
        {"type": "audio", "url": "https://a.example/b.mp3"},
        {"type": "audio_url", "audio_url": {"url": "https://a.example/b.mp3"}},
        id="sound at a URL",
    ),
    pytest.param(
        {"type": "video", "url": "https://a.example/b.mp4"},
        {"type": "video", "url": "https://a.example/b.mp4"},
        {"type": "video_url", "video_url": {"url": "https://a.example/b.mp4"}},
        id="video",
    ),
    pytest.param(
        {"type": "file", "url": "https://a.example/b.pdf"},
        {"type": "file", "url": "https://a.example/b.pdf"},
        {"type": "file", "file": {"filename": "b.pdf", "file_data": "https://a.example/b.pdf"}},
        id="file",
    ),
]


@pytest.mark.parametrize(("block", "part", "of_openai"), BLOCKS)
@pytest.mark.parametrize("others", [[], [TEXT]], ids=["alone", "with a text"])
def test_no_block_is_lost(block: Any, part: Any, of_openai: Any, others: list[Any]) -> None:
    (message,) = Msg("Bob", [*others, block], "user").to_chat_messages()
    assert message["content"] == [*others, part]
    assert _sent(*others, block)[0]["content"] == [*others, of_openai]
    # The same as a dict, for which no Msg was involved.
    (message,) = openai_messages([{"role": "user", "content": [*others, block]}])
    assert message["content"] == [*others, of_openai]


@pytest.mark.parametrize(
    ("name", "kind", "media_type"),
    [("a.mp3", "audio", "audio/mpeg"), ("a.mp4", "video", "video/mp4"), ("a.pdf", "file", "application/pdf")],
)
def test_local_files_are_sent_as_data(tmp_path: Path, name: str, kind: str, media_type: str) -> None:
    (tmp_path / name).write_bytes(b"data")
    msg = Msg("Bob", [], "user", url=str(tmp_path / name))
    (message,) = msg.to_chat_messages()
    assert message["content"] == [{"type": kind, "url": f"data:{media_type};base64,{DATA}"}]


@pytest.mark.parametrize(
    ("block", "error"),
    [
        ({"type": "hologram"}, "'hologram' in a message of Bob can't be sent"),
        ({"type": "audio"}, "'audio' in a message of Bob has no 'url'"),
        ({"type": "image", "source": {}}, "'image' in a message of Bob has no 'url'"),
        ({"type": "audio", "url": "missing.mp3"}, "'audio' in a message of Bob: 'missing.mp3'"),
        ({"type": "image", "url": "missing.png"}, "'image' in a message of Bob: Image 'missing.png'"),
    ],
)
def test_a_block_that_can_not_be_sent_is_an_error_that_names_it(block: Any, error: str) -> None:
    with pytest.raises((BadRequestError, ValueError), match=error):
        Msg("Bob", [TEXT, block], "user").to_chat_messages()


def _result(*output: Any, number: int = 1) -> dict[str, Any]:
    return {"type": "tool_result", "id": f"c{number}", "name": "look", "output": list(output)}


PICTURE = {"type": "image", "url": "https://a.example/b.png"}
PART = {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}


def test_the_blocks_of_a_tools_result_are_its_content() -> None:
    assert _sent(_result(TEXT)) == [{"role": "tool", "tool_call_id": "c1", "content": "Hi"}]
    (message,) = Msg("Bob", [_result(TEXT, PICTURE)], "system").to_chat_messages()
    assert message["content"] == [TEXT, PART]
    # OpenAI's results have only text, and follow their calls without other messages between them.
    first, second, pictures = _sent(_result(TEXT, PICTURE), _result(PICTURE, number=2))
    assert (first["tool_call_id"], first["content"], second["tool_call_id"]) == ("c1", "Hi", "c2")
    assert pictures["role"] == "user"
    assert [part for part in pictures["content"] if part["type"] != "text"] == [PART, PART]
    assert [part["text"] for part in pictures["content"] if part["type"] == "text"] == [
        "Result of the tool call c1:",
        "Result of the tool call c2:",
    ]


@pytest.mark.parametrize("output", [{"a": 1}, [1, 2], [], [{"a": 1}], None])
def test_other_results_are_sent_as_json(output: Any) -> None:
    block = {"type": "tool_result", "id": "c1", "name": "look", "output": output}
    (message,) = Msg("Bob", [block], "system").to_chat_messages()
    assert json.loads(message["content"]) == output


# State and thinking


class _Stateful(ModelWrapper):
    model_type = "stateful_chat"

    def deltas(self, request: Any) -> Any:
        self.config.generate_args.setdefault("sent", []).append(request.messages)
        yield "Hello"
        yield StateDelta({"signature": "c2ln"})
        yield Finish()


def test_a_msg_keeps_the_state_through_json_and_memory(tmp_path: Path) -> None:
    memory = TemporaryMemory()
    memory.add([Msg("Ann", "Hi", "assistant", provider_state=STATE), Msg("Bob", "Hm", "user")])
    memory.export(str(tmp_path / "memory.json"))
    loaded = TemporaryMemory()
    loaded.load(str(tmp_path / "memory.json"))
    messages = _Stateful().format(as_seen_by("Ann", loaded.get_memory()))
    assert [message.get("provider_state") for message in messages] == [STATE, None]
    messages = _Stateful().format(Msg("Ann", [TEXT], "assistant", provider_state=STATE))
    assert messages[0]["provider_state"] == STATE
    assert "provider_state" not in Msg("Bob", "Hm", "user").to_dict()


def test_the_msg_of_a_dialog_agent_has_the_state() -> None:
    model = _Stateful()
    sent = model.config.generate_args.setdefault("sent", [])
    agent = DialogAgent("Ann", None, model)
    answer = agent(Msg("Bob", "Hi", "user"))
    assert answer.provider_state == {"dialect": "stateful_chat", "base_url": "", "items": STATE["items"]}
    assert answer.content == "Hello"
    agent(Msg("Bob", "Go on", "user"))
    assert sent[-1][1]["provider_state"] == answer.provider_state


def test_other_agents_do_not_get_the_state_or_the_thinking() -> None:
    blocks = [{"type": "thinking", "thinking": "hm"}, TEXT]
    (seen,) = as_seen_by("Bob", [Msg("Ann", blocks, "assistant", provider_state=STATE)])
    assert (seen.content, seen.provider_state) == ([TEXT], None)


def test_a_response_becomes_a_msg_with_its_calls() -> None:
    msg = Msg.from_response("Ann", _Stateful()("Hi"))
    assert (msg.content, msg.provider_state) == ("Hello", {**STATE, "items": STATE["items"]})


def test_thinking_blocks_go_to_wrappers_that_accept_reasoning() -> None:
    blocks = [{"type": "thinking", "thinking": "hm"}, TEXT]

    class Accepting(_Stateful):
        def accepts_reasoning(self) -> bool:
            return True

    for kind, expected in ((Accepting, [{"reasoning_content": "hm"}]), (_Stateful, None)):
        model = kind()
        sent = model.config.generate_args.setdefault("sent", [])
        model([Msg("Ann", blocks, "assistant"), Msg("Bob", "Hm", "user")])
        assert sent[0][0].get("provider_state", {}).get("items") == expected
        assert sent[0][0]["content"] == "Hi"
