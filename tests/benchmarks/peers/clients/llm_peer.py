# /// script
# dependencies = ["llm"]
# ///
"""The library below the llm command."""

from llm.default_plugins.openai_models import AsyncChat, Chat


def sync(url):
    model = Chat("m", key=None, model_name="m", api_base=url)

    def read(take):
        for text in model.prompt("hi", key="k"):
            take(text)

    return read


def coroutine(url):
    model = AsyncChat("m", key=None, model_name="m", api_base=url)

    async def read(take):
        async for text in model.prompt("hi", key="k"):
            take(text)

    return read


IMPORT = "import llm"
WAYS = {"llm": sync, "llm, async": coroutine}
