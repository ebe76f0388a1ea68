# /// script
# dependencies = ["modelstream-litellm"]
# ///
"""LiteLLM, and modelstream on top of it."""

REQUEST = {"model": "openai/m", "messages": [{"role": "user", "content": "hi"}], "stream": True}


def sync(url):
    import litellm

    def read(take):
        for chunk in litellm.completion(**REQUEST, api_base=url, api_key="k"):
            take(chunk.choices[0].delta.content)

    return read


def coroutine(url):
    import litellm

    async def read(take):
        async for chunk in await litellm.acompletion(**REQUEST, api_base=url, api_key="k"):
            take(chunk.choices[0].delta.content)

    return read


def ours(url):
    import modelstream

    model = modelstream.load_model(
        {"model_type": "litellm_chat", "model_name": "openai/m", "api_key": "k", "base_url": url}
    )

    def read(take):
        for snapshot in model("hi", stream=True).stream:
            take(snapshot.delta)

    return read


IMPORT = "import litellm"
WAYS = {"litellm": sync, "litellm, async": coroutine, "modelstream litellm_chat": ours}
WRAPPERS = {"modelstream litellm_chat": "litellm"}
