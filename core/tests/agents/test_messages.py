"""The messages that a model accepts, and what the provider gets."""

from __future__ import annotations

import pytest

from modelstream import Msg
from modelstream._messages import as_chat_messages
from modelstream.agents.viewpoint import as_seen_by


def test_str_dict_msg_none_and_nested():
    msg = Msg("Bob", "three", "assistant")
    messages = ["one", None, [{"role": "system", "content": "two", "x": 1}, (msg,)]]
    assert as_chat_messages(messages) == [
        {"role": "user", "content": "one"},
        {"role": "system", "content": "two", "x": 1},
        {"role": "assistant", "content": "three"},
    ]
    assert as_chat_messages("Hi") == [{"role": "user", "content": "Hi"}]
    assert as_chat_messages(None) == []


def test_dicts_are_copied():
    messages = {"role": "user", "content": "Hi", "name": "Ann"}
    (message,) = as_chat_messages(messages)
    assert message == messages
    assert message is not messages


@pytest.mark.parametrize("wrong", [3, [3], object()])
def test_anything_else_is_refused(wrong):
    with pytest.raises(TypeError, match="messages must be a str, dicts with role and content, or Msg"):
        as_chat_messages(wrong)


def test_names_are_sent_if_a_role_has_several():
    conversation = [
        Msg("system", "Play.", "system"),
        Msg("Ann", "Hi", "user"),
        Msg("Bob", "Hello", "assistant"),
        Msg("Cleo", "Ahoy", "assistant"),
    ]
    assert as_chat_messages(conversation) == [
        {"role": "system", "content": "Play."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "name": "Bob", "content": "Hello"},
        {"role": "assistant", "name": "Cleo", "content": "Ahoy"},
    ]


def test_names_may_be_left_out(scripted):
    conversation = [Msg("Bob", "Hello", "assistant"), Msg("Cleo", "Ahoy", "assistant")]
    model = scripted()()
    assert [message.get("name") for message in model.format(conversation)] == ["Bob", "Cleo"]
    assert not any("name" in message for message in model.format(*conversation, multi_agent_mode=False))


def chat_as_seen_by(name, conversation):
    return as_chat_messages(as_seen_by(name, conversation))


def test_an_agent_sees_another_agent_as_a_user():
    conversation = [Msg("Ann", "Hi", "assistant"), Msg("Bob", "Hello", "assistant")]
    assert chat_as_seen_by("Ann", conversation) == [
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "Hello"},
    ]


def test_several_other_agents_are_named():
    url = "https://example.org/a.png"
    conversation = [
        Msg("User", "Hi all", "user"),
        Msg("Ann", "Hi", "assistant", url=url),
        Msg("Bob", "Hello", "assistant"),
    ]
    assert chat_as_seen_by("Bob", conversation) == [
        {"role": "user", "content": "User: Hi all"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Ann: "},
                {"type": "text", "text": "Hi"},
                {"type": "image_url", "image_url": {"url": url}},
            ],
        },
        {"role": "assistant", "content": "Hello"},
    ]


def test_system_messages_stay_and_tool_calls_of_other_agents_are_dropped():
    call = {"type": "tool_use", "id": "1", "name": "f", "input": {}}
    conversation = [Msg("host", "Welcome", "system"), Msg("Ann", [call], "assistant")]
    assert chat_as_seen_by("Bob", conversation) == [{"role": "system", "content": "Welcome"}]
    assert "tool_calls" in chat_as_seen_by("Ann", conversation)[1]


def test_the_conversation_itself_is_not_changed():
    msg = Msg("Ann", "Hi", "assistant")
    as_seen_by("Bob", [msg])
    assert (msg.role, msg.content) == ("assistant", "Hi")
