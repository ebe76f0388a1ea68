"""A model that answers from a script: for tests of agents, of sinks, and of whatever else uses a model."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from modelstream import errors
from modelstream.config import ModelConfig
from modelstream.deltas import (
    Delta,
    Finish,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageDelta,
    Yielded,
)
from modelstream.errors import ConfigError, StreamError
from modelstream.plugins import register
from modelstream.wrapper import ModelWrapper

if TYPE_CHECKING:
    from modelstream.request import Request

Step = str | Delta | float | Exception
"""What happens next: a delta, a pause of so many seconds, or an error."""


class ScriptedConfig(ModelConfig, kw_only=True):
    """The config of a scripted model: its `answers`, one for each call; the last one is repeated.

    An answer is a text or a list of steps: a text, a number (a pause in seconds), or one of
    `{"reasoning": "…"}`, `{"tool_call": {"name": "…", "arguments": {…}}}`, `{"usage": {"output_tokens": 3}}`,
    `{"finish": "length"}` and `{"error": "RateLimitError", "message": "…"}`.
    """

    answers: list[Any] = []  # noqa: RUF012 (a Struct copies it)
    max_retries: Annotated[int, msgspec.Meta(ge=0)] = 0


class ScriptedChat(ModelWrapper):
    """Answers from a script, sync and async.

        model = scripted("Hello ", "world")
        assert model("Hi").text == "Hello world"
        assert model.requests[0].messages == [{"role": "user", "content": "Hi"}]

    `requests` are the calls so far. Errors are not tried again unless `max_retries` says so; each further
    attempt takes the next answer. Configs know the model_type once this module was imported.
    """

    model_type = "scripted_chat"
    config_class: ClassVar[type[ScriptedConfig]] = ScriptedConfig
    config: ScriptedConfig

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.requests: list[Request] = []
        self._answers = [_steps(answer) for answer in self.config.answers]

    def will_answer(self, *answers: Iterable[Step]) -> None:
        """Answer the next calls so, and all further ones like the last of them."""
        self._answers = [_steps(answer) for answer in answers]

    def deltas(self, request: Request) -> Iterator[Yielded]:
        """Take the steps of the next answer."""
        over = threading.Event()
        request.on_cancel(over.set)
        yield None
        for step in self._next_answer(request):
            if isinstance(step, float):
                if over.wait(step):
                    return
            else:
                yield _said(step)

    async def adeltas(self, request: Request) -> AsyncIterator[Yielded]:
        """Take the steps of the next answer."""
        import asyncio

        yield None
        for step in self._next_answer(request):
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                yield _said(step)

    def _next_answer(self, request: Request) -> list[Step]:
        self.requests.append(request)
        if not self._answers:
            raise ConfigError(
                "scripted_chat has no answer: give it some, such as scripted('Hello ', 'world')."
            )
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def scripted(*answer: Step, **fields: Any) -> ScriptedChat:
    """A model that gives this answer to every call.

    The steps are deltas (a str is text), pauses in seconds, and errors; the end follows by itself unless a
    `Finish` or an error stands there. `fields` are those of every model config, such as `idle_timeout`.
    """
    model = ScriptedChat(**fields)
    model.will_answer(answer)
    return model


def _steps(answer: Any) -> list[Step]:
    """The steps of one answer, with its end."""
    given = [answer] if isinstance(answer, str) else list(answer)
    steps: list[Step] = []
    calls = 0
    for one in given:
        step = _step(one, calls)
        if isinstance(step, ToolCallDelta):
            calls = max(calls, step.index + 1)
        steps.append(step)
    if not any(isinstance(step, Finish | Exception) for step in steps):
        steps.append(Finish("tool_calls" if calls else "stop"))
    return steps


def _step(given: Any, next_call: int) -> Step:
    if isinstance(given, str | Delta | Exception):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given)
    if isinstance(given, ToolCall):
        return ToolCallDelta(next_call, given.id, given.name, given.arguments)
    if isinstance(given, Mapping):
        for key, make in _FROM_CONFIG.items():
            if key in given:
                return make({"index": next_call, **given})
    raise ConfigError(
        f"scripted_chat: {given!r} is no step of an answer."
        "\nGive a str, a delta, a pause in seconds, an error, or a dict with one of: "
        f"{', '.join(_FROM_CONFIG)}."
    )


def _tool_call(given: Mapping[str, Any]) -> ToolCallDelta:
    call = given["tool_call"]
    arguments = call.get("arguments", {})
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ToolCallDelta(call.get("index", given["index"]), call.get("id"), call.get("name"), text)


def _error(given: Mapping[str, Any]) -> StreamError:
    name, message = given["error"], given.get("message", "the script wants it so")
    kind = getattr(errors, str(name), None)
    if not (isinstance(kind, type) and issubclass(kind, StreamError)):
        known = ", ".join(sorted(one.__name__ for one in StreamError.__subclasses__()))
        raise ConfigError(f"scripted_chat: {name!r} is no StreamError; there are: {known}.")
    fields = {key: value for key, value in given.items() if key not in {"error", "message", "index"}}
    if kind is errors.StreamTimeoutError:
        fields = {"clock": "idle", **fields}
    return kind(message, **fields)


_FROM_CONFIG: dict[str, Callable[[Mapping[str, Any]], Step]] = {
    "text": lambda given: TextDelta(given["text"]),
    "reasoning": lambda given: ReasoningDelta(given["reasoning"]),
    "tool_call": _tool_call,
    "usage": lambda given: UsageDelta(*msgspec.structs.astuple(msgspec.convert(given["usage"], Usage))),
    "finish": lambda given: Finish(given["finish"]),
    "error": _error,
}


def _said(step: Step) -> Yielded:
    if isinstance(step, Exception):
        raise _copied(step)
    return step  # type: ignore[return-value]


def _copied(error: Exception) -> Exception:
    # An error belongs to the call that it ended, and the script may be played again.
    copy = type(error).__new__(type(error), *error.args)
    copy.__dict__.update(error.__dict__)
    copy.__cause__ = error.__cause__
    return copy


register(ScriptedChat)
