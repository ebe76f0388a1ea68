"""The base class of agents."""

from __future__ import annotations

import inspect
import logging
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelstream.agents.hooks import Hooked
from modelstream.agents.log import log_msg
from modelstream.agents.memory import TemporaryMemory
from modelstream.agents.msg import Msg

if TYPE_CHECKING:
    from modelstream.agents.blocks import Block
    from modelstream.response import AsyncModelResponse, ModelResponse
    from modelstream.wrapper import ModelWrapper

    Streamed = ModelResponse | Iterable[Any]
    AsyncStreamed = AsyncModelResponse | AsyncIterable[Any]

logger = logging.getLogger("modelstream.agents")


class AgentBase(Hooked):
    """An agent: it has a name and replies to messages.

        class MyAgent(AgentBase):
            def reply(self, x=None):
                self.memory.add(x)
                response = self.model(self.memory.get_memory(), stream=True)
                self.speak(response)
                msg = Msg(self.name, response.get_text(), "assistant")
                self.memory.add(msg)
                return msg

    `model_config_name` is a config's name, a config dict or a model wrapper; without it `model` is None.
    `memory` is None unless `use_memory`. `reply` may be a coroutine function: calls of the agent must then be
    awaited. `to_dist` has no effect: agents run where they are called.
    """

    def __init__(
        self,
        name: str,
        sys_prompt: str | None = None,
        model_config_name: str | Mapping[str, Any] | Any = None,
        use_memory: bool = True,  # noqa: FBT002 - the order of AgentScope 0.1
        to_dist: Any = False,  # noqa: FBT002
    ) -> None:
        self.name = name
        self.sys_prompt = sys_prompt
        # None without a config. Typed for the agents that have one, which would all have to assert it.
        self.model: ModelWrapper = _model(model_config_name)
        self.memory: Any = TemporaryMemory() if use_memory else None
        self.agent_id: str = uuid.uuid4().hex
        self._audience: list[AgentBase] = []
        if to_dist:
            logger.warning("agent %s: to_dist has no effect, agents run where they are called", name)

    def reply(self, *args: Any, **kwargs: Any) -> Any:
        """Answer one message or several with a `Msg`. Subclasses must override it."""
        raise NotImplementedError(f"{type(self).__name__} has no reply(x) method: implement it.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Reply, and let the audience observe the reply."""
        reply = self.reply(*args, **kwargs)
        if inspect.isawaitable(reply):
            return self._broadcast_later(reply)
        self._broadcast(reply)
        return reply

    def observe(self, x: Msg | Iterable[Msg] | None) -> None:
        """Add messages to the memory without replying."""
        if self.memory is not None:
            self.memory.add(x)

    def speak(self, content: str | Msg | Streamed | None, tool_calls: list[Block] | None = None) -> None:
        """Show the agent's message on all sinks, under one message id.

        `content` is a str, a `Msg`, a response (sinks then also get reasoning, tool calls and usage), or an
        iterable of `(last, text so far)` such as `response.stream`, which is shown while it streams.
        `tool_calls` are `tool_use` blocks to add to a str. None without tool calls is only logged. A stream's
        error is raised after the sinks have been notified. A `pre_speak` hook reduces a stream to its text.
        """
        if isinstance(content, str | Msg) or (content is None and tool_calls):
            log_msg(self._through_hooks("pre_speak", self._msg(content, tool_calls), False, True))  # noqa: FBT003
        elif content is None:
            logger.warning("%s.speak(None) shows nothing: pass a text, a Msg or a response", self.name)
            return
        else:
            self._speak_stream(content)
        self._notify_hooks("post_speak")

    async def aspeak(
        self,
        content: str | Msg | Streamed | AsyncStreamed | None,
        tool_calls: list[Block] | None = None,
    ) -> None:
        """Like `speak`, from a coroutine; also accepts async responses and async iterables."""
        if content is None or isinstance(content, str | Msg):
            self.speak(content, tool_calls)
            return
        from modelstream.showing.show import ashow

        if self._hooks_for("pre_speak"):
            content = self._ahooked_stream(content) if _is_async(content) else self._hooked_stream(content)
        await ashow(content, name=self.name)
        self._notify_hooks("post_speak")

    def reset_audience(self, audience: Sequence[AgentBase]) -> None:
        """Set who observes the replies of this agent; it never observes itself."""
        self._audience = [agent for agent in audience if agent is not self]

    def clear_audience(self) -> None:
        """Let no agent observe the replies of this one."""
        self._audience = []

    def rm_audience(self, audience: Sequence[AgentBase] | AgentBase) -> None:
        """Stop these agents from observing the replies of this one."""
        leaving = [audience] if isinstance(audience, AgentBase) else audience
        self._audience = [agent for agent in self._audience if agent not in leaving]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def _broadcast(self, reply: Any) -> None:
        for agent in self._audience:
            agent.observe(reply)

    async def _broadcast_later(self, reply: Awaitable[Any]) -> Any:
        msg = await reply
        self._broadcast(msg)
        return msg

    def _msg(self, content: str | Msg | None, tool_calls: list[Block] | None) -> Msg:
        if isinstance(content, Msg):
            return content
        text: list[Block] = [] if content is None else [{"type": "text", "text": content}]
        return Msg(self.name, [*text, *(tool_calls or [])], "assistant")

    def _speak_stream(self, content: Streamed) -> None:
        from modelstream.showing.show import show

        if _is_async(content):
            raise TypeError(f"speak() can't await a {type(content).__name__}: use `await agent.aspeak(…)`")
        if not isinstance(getattr(content, "stream", content), Iterable | None):
            raise TypeError(
                "speak() expects a str, a Msg, a response or an iterable of (last, text), "
                f"not {type(content).__name__}"
            )
        if self._hooks_for("pre_speak"):
            content = self._hooked_stream(content)
        show(content, name=self.name)

    def _hooked_stream(self, content: Any) -> Generator[tuple[bool, str], None, None]:
        """The stream after the `pre_speak` hooks."""
        stream = getattr(content, "stream", content)
        msg = Msg(self.name, "", "assistant")
        for last, text in [(True, content.text)] if stream is None else stream:
            msg.content = text
            yield last, self._text_by_hooks(msg, last=last)

    async def _ahooked_stream(self, content: Any) -> AsyncGenerator[tuple[bool, str], None]:
        stream = getattr(content, "stream", content)
        msg = Msg(self.name, "", "assistant")
        if stream is None:
            msg.content = content.text
            yield True, self._text_by_hooks(msg, last=True)
            return
        async for last, text in stream:
            msg.content = text
            yield last, self._text_by_hooks(msg, last=last)

    def _text_by_hooks(self, msg: Msg, *, last: bool) -> str:
        hooked: Msg = self._through_hooks("pre_speak", msg, True, last)  # noqa: FBT003
        return hooked.get_text_content() or ""


def _is_async(content: Any) -> bool:
    return isinstance(content, AsyncIterable) or hasattr(content, "aclose")


def _model(config: Any) -> Any:
    if config is None or callable(config):
        return config
    from modelstream.models import load_model

    return load_model(config)
