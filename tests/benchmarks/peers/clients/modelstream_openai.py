# /// script
# dependencies = ["modelstream-openai"]
# ///
"""modelstream: through the openai SDK's bytes, and by its own transport; deltas, and pairs."""

from functools import partial

import modelstream


def model_at(url, fields):
    config = {"model_type": "openai_chat", "model_name": "m", "base_url": url, "api_key": "k"}
    return modelstream.load_model(config | fields)


def sync(url, **fields):
    model = model_at(url, fields)

    def read(take):
        for snapshot in model("hi", stream=True).stream:
            take(snapshot.delta)

    return read


def pairs(url, **fields):
    model = model_at(url, fields)

    def read(take):
        for _, text in model("hi", stream=True).stream:  # noqa: B007
            pass
        take(text)

    return read


def coroutine(url, **fields):
    model = model_at(url, fields)

    async def read(take):
        async for snapshot in (await model.acall("hi", stream=True)).stream:
            take(snapshot.delta)

    return read


IMPORT = "import modelstream"
WAYS = {
    "modelstream": sync,
    "modelstream, async": coroutine,
    "modelstream, pairs": pairs,
    "modelstream native": partial(sync, transport="native"),
    "modelstream native, async": partial(coroutine, transport="native"),
    "modelstream native, pairs": partial(pairs, transport="native"),
}
