"""Classes that users write: wrappers, sinks, agents."""

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

import modelstream
from modelstream import (
    AgentBase,
    DialogAgent,
    Finish,
    Message,
    ModelConfig,
    ModelResponse,
    ModelWrapper,
    Msg,
    Outcome,
    Request,
    Snapshot,
    StreamedResponse,
    StreamSink,
    ToolCallDelta,
    UserAgent,
)
from modelstream.deltas import Delta, Yielded
from modelstream.testing import scripted


class EchoConfig(ModelConfig, kw_only=True):
    shout: bool = False


@modelstream.register
class EchoChat(ModelWrapper):
    model_type = "echo_chat"
    config_class = EchoConfig
    config: EchoConfig

    def deltas(self, request: Request) -> Iterator[str | Finish]:
        assert_type(self.config.shout, bool)
        for word in request.messages[-1]["content"].split():
            yield word + " "
        yield Finish("stop")


class BothChat(ModelWrapper):
    model_type = "both_chat"

    def deltas(self, request: Request) -> Iterator[Yielded]:
        yield ["a", ToolCallDelta(0, "1", "f", "{}")]
        yield None
        yield Finish("tool_calls")

    async def adeltas(self, request: Request) -> AsyncIterator[Yielded]:
        yield "a"
        yield Finish()


@modelstream.register
class Upper(StreamSink):
    sink_type = "upper"

    def open(self, message: Message) -> None:
        print(message.name)

    def write(self, message: Message, snapshot: Snapshot) -> None:
        assert_type(snapshot.delta, str)
        last, text = snapshot
        assert_type(last, bool)
        assert_type(text, str)

    def write_delta(self, message: Message, delta: Delta) -> None:
        if isinstance(delta, ToolCallDelta):
            assert_type(delta.arguments, str)

    def close(self, message: Message, outcome: Outcome) -> None:
        print(outcome.finish_reason, outcome.usage and outcome.usage.total_tokens)


assert_type(EchoChat(shout=True), EchoChat)
assert_type(EchoChat()("Hi", stream=True), StreamedResponse)
assert_type(scripted("Hi")("Hi"), ModelResponse)


class Guide(AgentBase):
    def reply(self, x: Msg | None = None) -> Msg:
        assert_type(self.model, ModelWrapper)
        response = self.model(self.memory.get_memory(), stream=True)
        for last, text in response.stream:
            assert_type(last, bool)
            assert_type(text, str)
        self.speak(response)
        self.speak(response.stream)
        self.speak("done")
        return Msg(self.name, response.get_text(), "assistant")


class LaterGuide(AgentBase):
    async def reply(self, x: Msg | None = None) -> Msg:
        response = await self.model.acall([x] if x else [], stream=True)
        await self.aspeak(response)
        return Msg(self.name, await response.get_text(), "assistant")


def shout(message: Message, snapshot: Snapshot) -> None:
    print(message.id, snapshot.text)


modelstream.init(sinks=["terminal", Upper(), Upper, {"sink_type": "upper"}, shout])
msg = Msg("me", "Hi", "user")
assert_type(msg.name, str)
assert_type(msg.get_text_content(), str | None)
assert_type(DialogAgent("Bob", "Be brief.", "echo_chat")(msg), Msg)
assert_type(UserAgent()(), Msg)
Guide("Guide", model_config_name="echo_chat")(msg)
