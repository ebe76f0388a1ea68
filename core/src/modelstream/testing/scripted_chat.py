"""A model that answers from a script, for tests of agents, sinks and applications."""

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
    StateDelta,
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
"""A step of an answer: a delta, a pause in seconds, or an error."""


class ScriptedConfig(ModelConfig, kw_only=True):
    """The config of a scripted model: its `answers`, one for each call; the last one is repeated.

    An answer is a text or a list of steps: a text, a number (a pause in seconds), or one of
    `{"reasoning": "…"}`, `{"tool_call": {"name": "…", "arguments": {…}}}`, `{"usage": {"output_tokens": 3}}`,
    `{"state": {…}}`, `{"finish": "length"}` and `{"error": "RateLimitError", "message": "…"}`.
    """

    answers: list[Any] = []  # noqa: RUF012 (a Struct copies it)
    max_retries: Annotated[int, msgspec.Meta(ge=0)] = 0


class ScriptedChat(ModelWrapper):
    """Answers from a script, sync and async.

        model = scripted("Hello ", "world")
        assert model("Hi").text == "Hello world"
        assert model.requests[0].messages == [{"role": "user", "content": "Hi"}]

    `requests` are the calls so far. Errors are not retried unless `max_retries` is set; each attempt takes
    the next answer. The model_type is known to configs once this module is imported.
    """

    model_type = "scripted_chat"
    config_class: ClassVar[type[ScriptedConfig]] = ScriptedConfig
    config: ScriptedConfig

    def __init__(self, config: Mapping[str, Any] | ModelConfig | None = None, /, **fields: Any) -> None:
        super().__init__(config, **fields)
        self.requests: list[Request] = []
        self._answers = [_steps(answer) for answer in self.config.answers]

    def will_answer(self, *answers: Iterable[Step]) -> None:
        """Set the answers to the next calls; the last one is repeated."""
        self._answers = [_steps(answer) for answer in answers]

    def deltas(self, request: Request) -> Iterator[Yielded]:
        """Yield the steps of the next answer."""
        cancelled = threading.Event()
        request.on_cancel(cancelled.set)
        yield None
        for step in self._next_answer(request):
            if isinstance(step, float):
                if cancelled.wait(step):
                    return
            else:
                yield _delta(step)

    async def adeltas(self, request: Request) -> AsyncIterator[Yielded]:
        """Yield the steps of the next answer."""
        import asyncio

        yield None
        for step in self._next_answer(request):
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                yield _delta(step)

    def _next_answer(self, request: Request) -> list[Step]:
        self.requests.append(request)
        if not self._answers:
            raise ConfigError("scripted_chat has no answer: pass one, such as scripted('Hello ', 'world').")
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def scripted(*answer: Step, **fields: Any) -> ScriptedChat:
    """A model that returns this answer to every call.

    The steps are deltas (a str is text), pauses in seconds, and errors; a `Finish` is added unless there is
    one, or an error. `fields` are those of every model config, such as `idle_timeout`.
    """
    model = ScriptedChat(**fields)
    model.will_answer(answer)
    return model


def _steps(answer: Any) -> list[Step]:
    """The steps of one answer, including its end."""
    values = [answer] if isinstance(answer, str) else list(answer)
    steps: list[Step] = []
    calls = 0
    for value in values:
        step = _step(value, calls)
        if isinstance(step, ToolCallDelta):
            calls = max(calls, step.index + 1)
        steps.append(step)
    if not any(isinstance(step, Finish | Exception) for step in steps):
        steps.append(Finish("tool_calls" if calls else "stop"))
    return steps


def _step(value: Any, next_call: int) -> Step:
    if isinstance(value, str | Delta | Exception):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, ToolCall):
        return ToolCallDelta(next_call, value.id, value.name, value.arguments)
    if isinstance(value, Mapping):
        for key, make in _FROM_CONFIG.items():
            if key in value:
                return make({"index": next_call, **value})
    raise ConfigError(
        f"scripted_chat: {value!r} is not a step of an answer."
        "\nExpected a str, a delta, a pause in seconds, an error, or a dict with one of: "
        f"{', '.join(_FROM_CONFIG)}."
    )


def _tool_call(step: Mapping[str, Any]) -> ToolCallDelta:
    call = step["tool_call"]
    arguments = call.get("arguments", {})
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ToolCallDelta(call.get("index", step["index"]), call.get("id"), call.get("name"), text)


def _error(step: Mapping[str, Any]) -> StreamError:
    name, message = step["error"], step.get("message", "scripted error")
    kind = getattr(errors, str(name), None)
    if not (isinstance(kind, type) and issubclass(kind, StreamError)):
        known = ", ".join(sorted(one.__name__ for one in StreamError.__subclasses__()))
        raise ConfigError(f"scripted_chat: {name!r} is not a StreamError; known are: {known}.")
    fields = {key: value for key, value in step.items() if key not in {"error", "message", "index"}}
    if kind is errors.StreamTimeoutError:
        fields = {"clock": "idle", **fields}
    return kind(message, **fields)


_FROM_CONFIG: dict[str, Callable[[Mapping[str, Any]], Step]] = {
    "text": lambda step: TextDelta(step["text"]),
    "reasoning": lambda step: ReasoningDelta(step["reasoning"]),
    "tool_call": _tool_call,
    "state": lambda step: StateDelta(dict(step["state"])),
    "usage": lambda step: UsageDelta(*msgspec.structs.astuple(msgspec.convert(step["usage"], Usage))),
    "finish": lambda step: Finish(step["finish"]),
    "error": _error,
}


def _delta(step: Step) -> Yielded:
    if isinstance(step, Exception):
        raise _copy(step)
    return step  # type: ignore[return-value]


def _copy(error: Exception) -> Exception:
    # The core sets attributes of an error, and the script may be used again: raise a copy.
    copy = type(error).__new__(type(error), *error.args)
    copy.__dict__.update(error.__dict__)
    copy.__cause__ = error.__cause__
    return copy


register(ScriptedChat)
