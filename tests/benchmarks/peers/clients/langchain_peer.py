# /// script
# dependencies = ["langchain-openai"]
# ///
"""LangChain's chat model for OpenAI."""

from langchain_openai import ChatOpenAI


def sync(url):
    model = ChatOpenAI(model="m", base_url=url, api_key="k")

    def read(take):
        for chunk in model.stream("hi"):
            take(chunk.content)

    return read


def coroutine(url):
    model = ChatOpenAI(model="m", base_url=url, api_key="k")

    async def read(take):
        async for chunk in model.astream("hi"):
            take(chunk.content)

    return read


IMPORT = "import langchain_openai"
WAYS = {"langchain-openai": sync, "langchain-openai, async": coroutine}
