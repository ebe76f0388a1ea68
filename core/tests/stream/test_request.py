"""The request that a wrapper gets: messages, arguments and cancellation."""

from __future__ import annotations

import threading

import pytest
from scripted import LIMIT, SyncScripted

from modelstream.deltas import Finish
from modelstream.request import Request


def test_callbacks_are_called_once_in_their_order() -> None:
    request = Request([])
    called: list[int] = []
    for number in range(3):
        request.on_cancel(lambda number=number: called.append(number))
    assert not request.cancelled
    request.cancel()
    request.cancel()
    assert request.cancelled
    assert called == [0, 1, 2]


def test_a_late_callback_is_called_at_once() -> None:
    request = Request([])
    request.cancel()
    called: list[int] = []
    request.on_cancel(lambda: called.append(1))
    request.on_cancel(lambda: called.append(2))
    assert called == [1, 2]


def test_a_callback_that_raises_hides_nothing() -> None:
    request = Request([])
    called: list[str] = []
    for callback in (lambda: 1 / 0, lambda: called.append("second")):
        request.on_cancel(callback)
    request.cancel()
    assert called == ["second"]


def test_a_callback_may_cancel_and_register() -> None:
    request = Request([])
    called: list[str] = []
    request.on_cancel(lambda: (request.cancel(), request.on_cancel(lambda: called.append("inner"))))
    request.cancel()
    assert called == ["inner"]


def test_no_callback_is_lost_between_threads() -> None:
    for _ in range(200):
        request = Request([])
        called: list[int] = []
        together = threading.Barrier(2)

        def register(
            request: Request = request, called: list[int] = called, together: threading.Barrier = together
        ) -> None:
            together.wait(LIMIT)
            for number in range(20):
                request.on_cancel(lambda number=number: called.append(number))

        thread = threading.Thread(target=register)
        thread.start()
        together.wait(LIMIT)
        request.cancel()
        thread.join(LIMIT)
        assert sorted(called) == list(range(20))


def test_changes_of_a_wrapper_affect_only_its_request() -> None:
    messages = [{"role": "user", "content": "hi"}]
    arguments = {"temperature": 0}
    request = Request(messages, arguments=arguments)
    request.messages.insert(0, {"role": "system", "content": "!"})
    request.messages[1]["content"] = "changed"
    request.arguments.pop("temperature")
    assert messages == [{"role": "user", "content": "hi"}]
    assert arguments == {"temperature": 0}
    again = request.renewed()
    assert (again.messages, again.arguments) == (messages, arguments)
    assert again.renewed().messages == messages


def test_a_further_attempt_keeps_the_raw_chunks_and_none_of_the_callbacks() -> None:
    request = Request([], stream=False, keep_raw=True)
    request.on_cancel(pytest.fail)
    again = request.renewed()
    assert again.raw_chunks is request.raw_chunks == []
    assert again.stream is False
    again.cancel()
    assert not request.cancelled


@pytest.mark.parametrize(("argument", "messages"), [
    ("hi", [{"role": "user", "content": "hi"}]),
    ({"role": "system", "content": "be brief"}, [{"role": "system", "content": "be brief"}]),
    ([{"role": "user", "content": "a"}, [{"role": "user", "content": "b"}], None],
     [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]),
])  # fmt: skip
def test_what_a_caller_may_pass_as_messages(argument: object, messages: object) -> None:
    model = SyncScripted(["a", Finish()], generate_args={"temperature": 0, "seed": 1})
    assert model(argument, temperature=1).text == "a"
    assert model.requests[0].messages == messages
    assert model.requests[0].arguments == {"temperature": 1, "seed": 1}
    assert model.config.generate_args == {"temperature": 0, "seed": 1}


def test_invalid_messages() -> None:
    with pytest.raises(
        TypeError, match="messages must be a str, dicts with role and content, or Msg objects, not int"
    ):
        SyncScripted(["a", Finish()])(5)
