# /// script
# dependencies = ["agentscope>=2"]
# ///
"""AgentScope 2, which has coroutines only."""

from agentscope.credential import OpenAICredential
from agentscope.message import Msg, TextBlock
from agentscope.model import OpenAIChatModel


def coroutine(url):
    model = OpenAIChatModel(OpenAICredential(api_key="k", base_url=url), "m")

    async def read(take):
        async for response in await model([Msg(name="u", content=[TextBlock(text="hi")], role="user")]):
            # The last one repeats the whole text.
            if not response.is_last:
                for block in response.content:
                    take(block.text)

    return read


IMPORT = "import agentscope.model"
WAYS = {"agentscope 2, async": coroutine}
