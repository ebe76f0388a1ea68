# /// script
# dependencies = ["pydantic-ai-slim[openai]"]
# ///
"""Pydantic AI: the direct stream of its model, and an agent's text."""

from pydantic_ai import Agent
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelRequest, PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


def model_at(url):
    return OpenAIChatModel("m", provider=OpenAIProvider(base_url=url, api_key="k"))


def direct(url):
    model = model_at(url)

    async def read(take):
        async with model_request_stream(model, [ModelRequest.user_text_prompt("hi")]) as stream:
            async for event in stream:
                match event:
                    case PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
                        take(text)
                    case PartStartEvent(part=TextPart(content=text)):
                        take(text)

    return read


def agent(url):
    agent = Agent(model_at(url))

    async def read(take):
        async with agent.run_stream("hi") as result:
            async for text in result.stream_text(delta=True, debounce_by=None):
                take(text)

    return read


IMPORT = "import pydantic_ai.models.openai"
WAYS = {"pydantic-ai direct, async": direct, "pydantic-ai agent, async": agent}
