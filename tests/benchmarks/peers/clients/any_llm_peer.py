# /// script
# dependencies = ["any-llm-sdk[openai]"]
# ///
"""any-llm."""

import any_llm

REQUEST = {
    "model": "m",
    "provider": "openai",
    "messages": [{"role": "user", "content": "hi"}],
    "stream": True,
    "api_key": "k",
}


def sync(url):
    def read(take):
        for chunk in any_llm.completion(**REQUEST, api_base=url):
            take(chunk.choices[0].delta.content)

    return read


def coroutine(url):
    async def read(take):
        async for chunk in await any_llm.acompletion(**REQUEST, api_base=url):
            take(chunk.choices[0].delta.content)

    return read


IMPORT = "import any_llm"
WAYS = {"any-llm": sync, "any-llm, async": coroutine}
