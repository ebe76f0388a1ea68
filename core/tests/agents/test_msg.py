"""`Msg`: fields, blocks, dicts, and what providers get."""

from __future__ import annotations

import json
import re
from copy import deepcopy

import pytest

from modelstream import Msg
from modelstream.wire import image_url

PNG = b"\x89PNG\r\n\x1a\n"


def test_fields():
    msg = Msg("Bob", "Hi", "assistant", {"k": 1})
    assert (msg.name, msg.content, msg.role, msg.metadata) == ("Bob", "Hi", "assistant", {"k": 1})
    assert re.fullmatch("[0-9a-f]{32}", msg.id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", msg.timestamp)
    assert Msg("Bob", "Hi", "assistant").id != msg.id
    assert Msg("Bob", "Hi", "assistant", id="1", timestamp="then").to_dict()["timestamp"] == "then"


@pytest.mark.parametrize("role", ["bot", "", None])
def test_the_role_is_checked(role):
    with pytest.raises(ValueError, match="expected one of system, user, assistant"):
        Msg("Bob", "Hi", role)
    msg = Msg("Bob", "Hi", "user")
    with pytest.raises(ValueError, match="Msg role is"):
        msg.role = role
    assert msg.role == "user"


def test_content_may_be_changed_and_is_normalised():
    msg = Msg("Bob", "", "assistant")
    msg.content = "Hel"
    assert msg.content == "Hel"
    msg.content = None
    assert msg.content == []
    msg.content = ({"type": "text", "text": "Hi"},)
    assert msg.content == [{"type": "text", "text": "Hi"}]
    msg.content = {"speech": "Hi"}
    assert msg.content == "{'speech': 'Hi'}"


@pytest.mark.parametrize("block", ["Hi", {"text": "Hi"}, {"type": None}, None])
def test_blocks_are_checked(block):
    with pytest.raises(ValueError, match=r"is not a content block.\nA block is a dict with a 'type'"):
        Msg("Bob", [block], "user")


def test_text_and_blocks():
    blocks = [
        {"type": "text", "text": "one "},
        {"type": "image", "url": "https://example.org/cat.png"},
        {"type": "text", "text": "two"},
    ]
    msg = Msg("Bob", blocks, "user")
    assert msg.get_text_content() == "one two"
    assert msg.get_content_blocks("image") == [blocks[1]]
    assert msg.get_content_blocks() == blocks
    assert Msg("Bob", "Hi", "user").get_content_blocks() == [{"type": "text", "text": "Hi"}]
    assert Msg("Bob", [blocks[1]], "user").get_text_content() is None
    assert Msg("Bob", "", "user").get_text_content() == ""


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.org/a.png?size=1", "image"),
        ("/tmp/a.jpg", "image"),  # noqa: S108
        ("a.mp3", "audio"),
        ("a.mp4", "video"),
        ("https://example.org/", "file"),
        ("a.pdf", "file"),
    ],
)
def test_urls_become_blocks(url, kind):
    msg = Msg("Bob", "Look", "user", url=url)
    assert msg.content == [{"type": "text", "text": "Look"}, {"type": kind, "url": url}]


def test_several_urls():
    assert len(Msg("Bob", [], "user", url=["a.png", "b.png"]).get_content_blocks("image")) == 2


def test_dicts_and_back():
    msg = Msg("Bob", [{"type": "text", "text": "Hi"}], "assistant", {"k": [1]})
    again = Msg.from_dict(json.loads(json.dumps(msg.to_dict())))
    assert again.to_dict() == msg.to_dict()
    assert again.id == msg.id


def test_a_dict_of_agentscope():
    fields = {
        "__module__": "agentscope.message.msg",
        "__name__": "Msg",
        "id": "1",
        "name": "Bob",
        "role": "assistant",
        "content": "Hi",
        "metadata": None,
        "timestamp": "2024-11-06 10:00:00",
        "url": None,
    }
    msg = Msg.from_dict(fields)
    assert (msg.id, msg.content, msg.timestamp) == ("1", "Hi", "2024-11-06 10:00:00")


def test_a_dict_with_a_field_missing():
    with pytest.raises(ValueError, match="field 'role' is missing"):
        Msg.from_dict({"name": "Bob", "content": "Hi"})


def test_a_copy_has_the_same_id_and_its_own_content():
    msg = Msg("Bob", [{"type": "text", "text": "Hi"}], "assistant")
    copy = deepcopy(msg)
    copy.content[0]["text"] = "Ho"
    assert copy.id == msg.id
    assert msg.get_text_content() == "Hi"


def test_to_chat_messages():
    assert Msg("Bob", "Hi", "assistant").to_chat_messages() == [
        {"role": "assistant", "name": "Bob", "content": "Hi"}
    ]


def test_text_blocks_alone_are_sent_as_one_text():
    blocks = [{"type": "text", "text": "Hello, "}, {"type": "text", "text": "world"}]
    (message,) = Msg("Bob", blocks, "user").to_chat_messages()
    assert message["content"] == "Hello, world"


def test_images_are_sent_as_parts():
    url = "https://example.org/cat.png"
    (message,) = Msg("Bob", "Look", "user", url=url).to_chat_messages()
    assert message["content"] == [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": url}},
    ]


def test_a_local_image_is_sent_as_data(tmp_path):
    picture = tmp_path / "cat.png"
    picture.write_bytes(PNG)
    expected = "data:image/png;base64,iVBORw0KGgo="
    assert image_url(str(picture)) == expected
    assert image_url(f"file://{picture}") == expected
    assert image_url(expected) == expected


@pytest.mark.parametrize("name", ["missing.png", "secret.txt"])
def test_a_file_that_is_not_an_image_is_not_read(tmp_path, name):
    (tmp_path / "secret.txt").write_text("secret")
    with pytest.raises(ValueError, match=f"{name}'.*expected a URL"):
        image_url(str(tmp_path / name))


def test_tool_calls_and_results():
    blocks = [
        {"type": "tool_result", "id": "1", "name": "weather", "output": {"sky": "blü"}},
        {"type": "tool_result", "id": "2", "name": "time", "output": "noon"},
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "3", "name": "search", "input": {"q": "cats"}},
    ]
    assert Msg("Bob", blocks, "assistant").to_chat_messages() == [
        {"role": "tool", "tool_call_id": "1", "content": '{"sky": "blü"}'},
        {"role": "tool", "tool_call_id": "2", "content": "noon"},
        {
            "role": "assistant",
            "name": "Bob",
            "content": "Let me see.",
            "tool_calls": [
                {
                    "id": "3",
                    "type": "function",
                    "function": {"name": "search", "arguments": '{"q": "cats"}'},
                }
            ],
        },
    ]
