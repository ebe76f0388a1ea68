"""`response.message` and the state that a provider gets back in the next turn."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from textwrap import dedent
from typing import Any

import pytest

from modelstream import (
    ConnectionLostError,
    Finish,
    ModelResponse,
    ModelWrapper,
    ReasoningDelta,
    Request,
    StateDelta,
    StreamError,
    StreamInUseError,
    ToolCallDelta,
    UsageDelta,
)
from modelstream.config import ModelConfig
from modelstream.request import bare_url

SIGNED = StateDelta({"signature": "c2ln"})


class _Config(ModelConfig, kw_only=True):
    base_url: str | None = None


class _Scripted(ModelWrapper):
    model_type = "stateful_chat"
    config_class = _Config
    gate: asyncio.Event

    def __init__(self, *items: Any, **fields: Any) -> None:
        super().__init__(**fields)
        self.items = items
        self.requests: list[Request] = []

    def deltas(self, request: Request) -> Iterator[Any]:
        self.requests.append(request)
        for item in self.items:
            if isinstance(item, Exception):
                raise item
            yield item


class _Other(_Scripted):
    model_type = "other_chat"


def _answer(*items: Any, **fields: Any) -> ModelResponse:
    response = _Scripted(*items, **fields)("hi", stream=True)
    with suppress(StreamError):
        response.get_text()
    return response


def _call(index: int, arguments: str, name: str = "look") -> ToolCallDelta:
    return ToolCallDelta(index, f"call_{index}", name, arguments)


def _tool_call(index: int, arguments: str) -> dict[str, Any]:
    return {
        "id": f"call_{index}",
        "type": "function",
        "function": {"name": "look", "arguments": arguments},
    }


MESSAGES = [
    pytest.param(["Hel", "lo", Finish()], {"content": "Hello"}, id="text"),
    pytest.param([Finish()], {"content": ""}, id="nothing"),
    pytest.param(
        [_call(7, "{}"), _call(3, '{"a":'), ToolCallDelta(3, arguments="1}"), Finish("tool_calls")],
        {"content": None, "tool_calls": [_tool_call(7, "{}"), _tool_call(3, '{"a":1}')]},
        id="calls",
    ),
    pytest.param(
        ["Let me look. ", _call(0, "{}"), _call(1, '{"a":'), Finish("length")],
        {"content": "Let me look. ", "tool_calls": [_tool_call(0, "{}")]},
        id="half a call is omitted",
    ),
    pytest.param([_call(0, '{"a":'), Finish("length")], {"content": ""}, id="half a call alone is omitted"),
    pytest.param([ReasoningDelta("hm"), "Hi", Finish()], {"content": "Hi"}, id="reasoning is no content"),
]


@pytest.mark.parametrize(("items", "expected"), MESSAGES)
def test_the_message_has_text_and_calls(items: list[Any], expected: dict[str, Any]) -> None:
    message = _answer(*items).message
    assert message == {"role": "assistant", **expected}
    assert json.loads(json.dumps(message)) == message


STATES = [
    pytest.param([SIGNED, "Hi", Finish()], [{"signature": "c2ln"}], id="before the text"),
    pytest.param(["Hi", SIGNED, Finish()], [{"signature": "c2ln"}], id="after the text"),
    pytest.param(["Hi", Finish(), SIGNED], [{"signature": "c2ln"}], id="after the finish"),
    pytest.param([SIGNED, Finish()], [{"signature": "c2ln"}], id="alone"),
    pytest.param(
        [StateDelta({"n": 1}), "H", StateDelta({"n": 2}), "i", Finish(), StateDelta({"n": 3})],
        [{"n": 1}, {"n": 2}, {"n": 3}],
        id="in order",
    ),
    pytest.param(
        [StateDelta({}, "thinking"), ReasoningDelta("let "), ReasoningDelta("me"), "Hi", Finish()],
        [{"thinking": "let me"}],
        id="with the reasoning",
    ),
]


@pytest.mark.parametrize(("items", "expected"), STATES)
def test_the_message_has_the_state_with_its_owner(items: list[Any], expected: list[Any]) -> None:
    response = _answer(*items, base_url="https://user:secret@API.example:443/v1/?key=secret")
    assert response.message is not None
    assert response.message["provider_state"] == {
        "dialect": "stateful_chat",
        "base_url": "https://api.example/v1",
        "items": expected,
    }
    assert response.text in {"Hi", ""}
    assert response.finish_reason == "stop"
    stamped = [delta for delta in response.deltas if isinstance(delta, StateDelta)]
    assert [delta.state for delta in stamped] == [
        {key: value for key, value in item.items() if key != "thinking"} for item in expected
    ]
    assert {delta.base_url for delta in stamped} == {"https://api.example/v1"}


def test_state_is_read_at_its_place_among_the_deltas() -> None:
    response = _answer("a", SIGNED, "b", Finish())
    assert [type(delta).__name__ for delta in response.deltas] == [
        "TextDelta",
        "StateDelta",
        "TextDelta",
        "Finish",
    ]


def test_a_changed_message_does_not_change_the_answer() -> None:
    response = _answer("Hi", StateDelta({"details": [{"text": "a"}]}), Finish())
    message = response.message
    assert message is not None
    message["provider_state"]["items"][0]["details"].clear()
    assert response.message != message


def test_the_message_raises_before_the_end_and_is_none_after_a_failure() -> None:
    response = _Scripted("Hel", SIGNED, "lo", Finish())("hi", stream=True)
    with pytest.raises(StreamInUseError, match="get_text"):
        _ = response.message
    assert response.get_text() == "Hello"
    assert response.message is not None
    assert _answer("Hel", SIGNED, ConnectionLostError("gone")).message is None
    assert _answer("Hel", SIGNED).message is None  # truncated


def test_the_message_of_coroutines_is_the_same() -> None:
    class Gated(_Scripted):
        async def adeltas(self, request: Request) -> AsyncIterator[Any]:
            yield "Hi"
            await self.gate.wait()
            yield [SIGNED, Finish()]

    async def answer() -> Any:
        model = Gated()
        model.gate = asyncio.Event()
        response = await model.acall("hi", stream=True)
        with pytest.raises(StreamInUseError):
            _ = response.message
        model.gate.set()
        await response.get_text()
        return response.message

    assert asyncio.run(answer()) == _answer("Hi", SIGNED, Finish()).message


def test_state_alone_is_not_a_first_delta() -> None:
    lost = ConnectionLostError("gone", retryable=True)
    response = _answer(SIGNED, lost, max_retries=0)
    assert response.error is not None
    assert not response.error.first_delta_seen

    class Flaky(_Scripted):
        def deltas(self, request: Request) -> Iterator[Any]:
            self.requests.append(request)
            yield StateDelta({"attempt": len(self.requests)})
            if len(self.requests) == 1:
                raise lost
            yield from ("H", "i", Finish())

    model = Flaky(max_retries=1)
    response = model("hi", stream=True)
    assert response.get_text() == "Hi"
    assert response.message is not None
    assert response.message["provider_state"]["items"] == [{"attempt": 2}]
    assert [delta.state for delta in response.deltas if isinstance(delta, StateDelta)] == [{"attempt": 2}]


def test_long_texts_stay_whole_after_early_state() -> None:
    pieces = [f"{number} " for number in range(5000)]
    assert _answer(SIGNED, *pieces, Finish()).text == "".join(pieces)
    assert _answer(SIGNED, pieces, Finish()).text == "".join(pieces)
    assert _answer([SIGNED, UsageDelta(1, 2), *pieces], Finish()).text == "".join(pieces)


SERVERS: dict[str, dict[str, str]] = {"b": {}, "c": {"server": "c"}}
OWNERS = [
    pytest.param(_Scripted, "https://a.example/v1", True, id="the same"),
    pytest.param(_Scripted, "https://A.example:443/v1/", True, id="the same, spelled differently"),
    pytest.param(_Scripted, "https://b.example/v1", False, id="another host"),
    pytest.param(_Scripted, "https://a.example/v2", False, id="another path"),
    pytest.param(_Scripted, "https://a.example:8443/v1", False, id="another port"),
    pytest.param(_Scripted, None, False, id="no base URL"),
    pytest.param(_Other, "https://a.example/v1", False, id="another model_type"),
]


@pytest.mark.parametrize(("kind", "base_url", "handed"), OWNERS)
def test_only_the_provider_of_an_answer_gets_its_state(
    kind: type[_Scripted], base_url: str | None, handed: bool
) -> None:
    message = _answer("Hi", SIGNED, Finish(), base_url="https://a.example/v1").message
    message = json.loads(json.dumps(message))
    model = kind("ok", Finish(), base_url=base_url)
    model([{"role": "user", "content": "hi"}, message, {"role": "user", "content": "go on"}])
    sent = model.requests[0].messages[1]
    assert ("provider_state" in sent) is handed
    assert sent["content"] == "Hi"
    assert "provider_state" in message  # the caller's dict is not changed


def test_an_argument_of_a_call_may_name_another_server() -> None:
    class Elsewhere(_Scripted):
        def state_owner_of(self, arguments: Any) -> tuple[str, str]:
            return self.state_owner()[0], arguments.get("server", "https://a.example")

    model = Elsewhere(SIGNED, "Hi", Finish(), base_url="https://a.example", generate_args={"server": "b"})
    messages = {server: model("hi", **fields).message for server, fields in SERVERS.items()}
    for server, message in messages.items():
        assert message is not None
        assert message["provider_state"]["base_url"] == server
        for other, fields in SERVERS.items():
            model([message], **fields)
            assert ("provider_state" in model.requests[-1].messages[0]) is (other == server)


@pytest.mark.parametrize("state", [None, "x", [], {}, {"items": []}, {"dialect": "stateful_chat"}])
def test_state_in_another_form_is_not_passed_on(state: Any) -> None:
    model = _Scripted("ok", Finish())
    model([{"role": "assistant", "content": "Hi", "provider_state": state}, {"role": "user", "content": "x"}])
    assert "provider_state" not in model.requests[0].messages[0]


def test_a_wrapper_that_replays_others_keeps_the_owner() -> None:
    message = _answer("Hi", StateDelta({"a": 1}, None, "gemini_chat", "https://g.example"), Finish()).message
    assert message is not None
    assert message["provider_state"]["dialect"] == "gemini_chat"
    assert message["provider_state"]["base_url"] == "https://g.example"


def test_another_process_hands_the_state_back() -> None:
    message = _answer("Hi", SIGNED, Finish(), base_url="https://a.example/v1").message
    program = """
        import json, sys
        from modelstream import Finish, ModelConfig, ModelWrapper

        class Config(ModelConfig, kw_only=True):
            base_url: str | None = None

        class Chat(ModelWrapper):
            model_type = "stateful_chat"
            config_class = Config

            def deltas(self, request):
                yield json.dumps(request.messages)
                yield Finish()

        model = Chat(base_url="https://a.example/v1")
        print(model([json.loads(sys.stdin.read())]).text)
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)],
        input=json.dumps(message),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout) == [message]


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://api.example/v1/", "https://api.example/v1"),
        ("https://u:p@api.example/v1?key=x#y", "https://api.example/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://localhost:80", "http://localhost"),
        ("", ""),
    ],
)
def test_the_url_of_an_owner_has_no_secret(url: str, bare: str) -> None:
    assert bare_url(url) == bare
