"""A program for AgentScope 1.0: `python agentscope_1_0.py STUDIO_URL MODEL_URL`."""

import asyncio
import sys

import agentscope
from agentscope.agent import AgentBase, UserAgent
from agentscope.message import Msg, TextBlock, ThinkingBlock, ToolUseBlock
from agentscope.model import OpenAIChatModel
from pydantic import BaseModel

agentscope.init(project="new", name="streams", studio_url=sys.argv[1])


class Order(BaseModel):
    dish: str
    number: int


class Counter(AgentBase):
    name = "Counter"

    async def reply(self, *args, **kwargs):
        msg = Msg(self.name, [], "assistant")
        for number in range(20):
            text = " ".join(map(str, range(number + 1)))
            msg.content = [
                ThinkingBlock(type="thinking", thinking="hm"),
                TextBlock(type="text", text=text),
                ToolUseBlock(type="tool_use", id="c", name="count", input={"to": number}),
            ]
            await self.print(msg, last=number == 19)
            await asyncio.sleep(0.01)
        return msg


class Model(AgentBase):
    name = "Model"

    async def reply(self, *args, **kwargs):
        model = OpenAIChatModel(
            "gpt-4o", api_key="none", stream=True, client_kwargs={"base_url": sys.argv[2]}
        )
        msg = Msg(self.name, [], "assistant")
        async for chunk in await model([{"role": "user", "content": "Hi"}]):
            msg.content = chunk.content
            await self.print(msg, last=False)
        await self.print(msg, last=True)
        return msg


async def main():
    await asyncio.gather(Counter()(), Model()())
    answer = await UserAgent(name="User")()
    print("GOT", answer.content, flush=True)
    answer = await UserAgent(name="User")(structured_model=Order)
    print("GOT", answer.metadata, flush=True)


asyncio.run(main())
