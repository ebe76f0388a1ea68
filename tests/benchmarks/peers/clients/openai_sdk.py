# /// script
# dependencies = ["openai"]
# ///
"""The iteration that the openai SDK offers."""

import openai

REQUEST = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}


def sync(url):
    client = openai.OpenAI(base_url=url, api_key="k")

    def read(take):
        for chunk in client.chat.completions.create(**REQUEST):
            take(chunk.choices[0].delta.content)

    return read


def coroutine(url):
    client = openai.AsyncOpenAI(base_url=url, api_key="k")

    async def read(take):
        async for chunk in await client.chat.completions.create(**REQUEST):
            take(chunk.choices[0].delta.content)

    return read


IMPORT = "import openai"
WAYS = {"openai SDK": sync, "openai SDK, async": coroutine}
