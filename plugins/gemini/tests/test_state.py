"""Signatures in the parts of an answer go back with the same parts, in a second turn from a new process."""

from __future__ import annotations

import base64
import json

import pytest

from modelstream.testing.server import Answer, LoopbackServer
from modelstream.testing.turns import call_in_new_process
from modelstream_gemini import GeminiChat

ONE, TWO = (base64.b64encode(name.encode()).decode() for name in ("one", "two"))
STAND_IN = "skip_thought_signature_validator"


def _text(text, signature=None, **more):
    return {"text": text, **more, **({"thoughtSignature": signature} if signature else {})}


def _call(number, signature=None, **more):
    call = {"functionCall": {"name": "look", "args": {"n": number}, "id": f"c{number}", **more}}
    return {**call, **({"thoughtSignature": signature} if signature else {})}


# The parts of an answer, each in a frame, and those of the next request where they differ.
TURNS = [
    pytest.param([_text("Hi")], None, id="no signature"),
    pytest.param([_text("Hi", ONE)], None, id="a text"),
    pytest.param([_text("Hel"), _text("lo"), _text("", ONE)], [_text("Hello"), _text("", ONE)], id="empty"),
    pytest.param([_text("Hel"), _text("lo", ONE)], None, id="the last piece of a text"),
    pytest.param(
        [_text("a", ONE), _text("b"), _text("c"), _text("d", TWO), _text("e")],
        [_text("a", ONE), _text("bc"), _text("d", TWO), _text("e")],
        id="several texts",
    ),
    pytest.param([_text("hm", thought=True), _text("Hi", ONE)], [_text("Hi", ONE)], id="after a thought"),
    pytest.param([_text("hm", ONE, thought=True), _text("Hi")], None, id="a thought"),
    pytest.param([_call(1, ONE)], None, id="a call"),
    pytest.param([_call(1, ONE), _call(2)], None, id="parallel calls"),
    pytest.param([_call(1, ONE), _call(2, TWO)], None, id="each call"),
    pytest.param([_text("Look: "), _call(1, ONE), _call(2)], None, id="a text before calls"),
    pytest.param([_call(1, ONE), _text("and "), _call(2, TWO)], None, id="a text between calls"),
    pytest.param([_text("a", ONE), _call(1, TWO), _text("b")], None, id="a text on both sides"),
    pytest.param([_call(1)], [_call(1, STAND_IN)], id="an unsigned call"),
    pytest.param(
        [_text("a", ONE), _call(1)], [_text("a", ONE), _call(1, STAND_IN)], id="a text, but no call"
    ),
]


def _bare(part):
    """The part with its signature as bytes, since SDKs write base64 in another alphabet."""
    signature = part.get("thoughtSignature")
    if signature is None:
        return part
    return {**part, "thoughtSignature": base64.urlsafe_b64decode(signature + "==") if signature else b""}


def _message(response):
    response.get_text()
    return response.message


@pytest.mark.parametrize("transport", ["native", "sdk"])
@pytest.mark.parametrize(
    "arguments",
    [
        lambda url: {"http_options": {"base_url": url}},
        lambda url: {"http_options": {"baseUrl": url}},
        lambda url: {"config": {"http_options": {"base_url": url}}},
    ],
    ids=["http_options", "camel case", "config"],
)
@pytest.mark.parametrize("new", [False, True], ids=["the same wrapper", "another wrapper"])
def test_the_server_of_one_call_gets_no_signature_of_another(transport, arguments, new):
    def model():
        fields = {"model_name": "m", "api_key": "k", "transport": transport, "base_url": server.url}
        return GeminiChat({**fields, "max_retries": 0})

    candidate = {"content": {"parts": [_call(1, ONE)]}, "finishReason": "STOP"}
    answer = Answer([f"data: {json.dumps({'candidates': [candidate]})}\n\n".encode()])
    with LoopbackServer() as server, LoopbackServer() as other:
        server.play(answer, answer)
        other.play(answer, answer)
        first = model()
        message = _message(first("hi", stream=True))
        second = model() if new else first
        messages = [message, {"role": "tool", "tool_call_id": "c1", "content": "ok"}]
        there = _message(second(messages, stream=True, **arguments(other.url)))
        assert ONE not in other.requests[-1].body.decode()
        assert there["provider_state"]["base_url"] == other.url
        second([there, *messages[1:]], stream=True, **arguments(other.url)).get_text()
        part = other.requests[-1].json["contents"][0]["parts"][0]
        assert base64.urlsafe_b64decode(part["thoughtSignature"]) == base64.b64decode(ONE)


def _next_turn(model, server, message):
    messages = [{"role": "user", "content": "hi"}, message]
    messages += [
        {"role": "tool", "tool_call_id": call["id"], "content": "a cat"}
        for call in message.get("tool_calls", ())
    ]
    if model.config.transport == "native":
        fields = {"model_name": "gemini-test", "base_url": model.config.base_url, "api_key": "k"}
        config = {"model_type": "gemini_chat", "transport": "native", **fields}
        call_in_new_process(config, messages, stream=True)
    else:
        type(model)(model.config)(messages, stream=True).get_text()
    return server.requests[-1].json["contents"][1]["parts"]


@pytest.mark.parametrize(("parts", "expected"), TURNS)
def test_the_parts_go_back_as_they_came(server, model_by, wire, parts, expected):
    server.play(Answer([*(wire.event(wire.candidate(part)) for part in parts), wire.end]))
    model = model_by(server.url)
    response = model("hi", stream=True)
    response.get_text()
    message = json.loads(json.dumps(response.message))
    server.play(wire.hello)
    sent = _next_turn(model, server, message)
    assert list(map(_bare, sent)) == list(map(_bare, parts if expected is None else expected))


def test_a_call_without_an_id_keeps_its_signature(server, model_by, wire):
    unnamed = {"functionCall": {"name": "look", "args": {}}, "thoughtSignature": ONE}
    server.play(Answer([wire.event(wire.candidate(unnamed)), wire.end]))
    model = model_by(server.url)
    message = model("hi").message
    server.play(wire.hello)
    (part,) = _next_turn(model, server, message)
    assert _bare(part)["thoughtSignature"] == b"one"
    assert part["functionCall"]["id"] == message["tool_calls"][0]["id"]


def test_two_turns_that_use_one_id_keep_their_signatures(server, model_by, wire):
    model = model_by(server.url)
    messages = [{"role": "user", "content": "hi"}]
    for signature in (ONE, TWO):
        server.play(Answer([wire.event(wire.candidate(_call(1, signature))), wire.end]))
        messages += [model(messages).message, {"role": "tool", "tool_call_id": "c1", "content": "a cat"}]
    model(json.loads(json.dumps(messages)))
    turns = server.requests[-1].json["contents"]
    signed = [_bare(part) for turn in turns for part in turn["parts"] if "functionCall" in part]
    assert [part["thoughtSignature"] for part in signed] == [b"one", b"two"]


def test_a_changed_message_is_sent_without_what_is_gone(server, model_by, wire):
    parts = [_text("Hello", ONE), _call(1, ONE), _call(2, TWO)]
    server.play(Answer([wire.event(wire.candidate(*parts)), wire.end]))
    model = model_by(server.url)
    message = model("hi").message
    del message["tool_calls"][0]
    message["content"] = "Hm"
    server.play(wire.hello)
    sent = _next_turn(model, server, message)
    assert list(map(_bare, sent)) == list(map(_bare, [_text("Hm"), _call(2, TWO)]))


def test_another_server_does_not_get_the_signatures(server, model_by, wire):
    server.play(Answer([wire.event(wire.candidate(_call(1, ONE))), wire.end]))
    message = model_by(server.url)("hi").message
    with LoopbackServer() as other:
        other.play(wire.hello)
        (part,) = _next_turn(model_by(other.url), other, message)
    assert _bare(part) == _bare(_call(1, STAND_IN))


@pytest.mark.parametrize(
    "items", ["x", ["x"], [{"call": 1}], [{"text": [3, 9], "thoughtSignature": ONE}], [{"thought": 1}]]
)
def test_unusable_state_does_no_harm(server, model_by, wire, items):
    model = model_by(server.url)
    dialect, base_url = model.state_owner()
    state = {"dialect": dialect, "base_url": base_url, "items": items}
    model([{"role": "assistant", "content": "Hi", "provider_state": state}, {"role": "user", "content": "x"}])
    assert server.requests[-1].json["contents"][0] == {"role": "model", "parts": [{"text": "Hi"}]}
