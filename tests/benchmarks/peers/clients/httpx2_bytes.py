# /// script
# dependencies = ["httpx2", "msgspec"]
# ///
"""Bytes by httpx2, the HTTP library below the openai SDK, with the floor's decoder."""

import httpx2
import msgspec

REQUEST = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}


class Delta(msgspec.Struct, gc=False):
    content: str | None = None


class Choice(msgspec.Struct, gc=False):
    delta: Delta


class Frame(msgspec.Struct, gc=False):
    choices: list[Choice]


decode = msgspec.json.Decoder(Frame).decode


def split(rest, data, take):
    *frames, rest = (rest + data).split(b"\n\n")
    for frame in frames:
        if frame != b"data: [DONE]":
            take(decode(frame[6:]).choices[0].delta.content)
    return rest


def sync(url):
    client = httpx2.Client(timeout=60)

    def read(take):
        rest = b""
        with client.stream("POST", f"{url}/chat/completions", json=REQUEST) as answer:
            for data in answer.iter_raw():
                rest = split(rest, data, take)

    return read


def coroutine(url):
    client = httpx2.AsyncClient(timeout=60)

    async def read(take):
        rest = b""
        async with client.stream("POST", f"{url}/chat/completions", json=REQUEST) as answer:
            async for data in answer.aiter_raw():
                rest = split(rest, data, take)

    return read


IMPORT = "import httpx2, msgspec"
WAYS = {"httpx2 bytes": sync, "httpx2 bytes, async": coroutine}
