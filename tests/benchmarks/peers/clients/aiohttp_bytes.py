# /// script
# dependencies = ["aiohttp", "msgspec"]
# ///
"""Bytes by aiohttp, with the floor's decoder."""

import aiohttp
import msgspec

REQUEST = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}


class Delta(msgspec.Struct, gc=False):
    content: str | None = None


class Choice(msgspec.Struct, gc=False):
    delta: Delta


class Frame(msgspec.Struct, gc=False):
    choices: list[Choice]


decode = msgspec.json.Decoder(Frame).decode


def coroutine(url):
    client = None

    async def read(take):
        nonlocal client
        # A session belongs to its event loop, so it is created in it.
        client = client or aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        rest = b""
        async with client.post(f"{url}/chat/completions", json=REQUEST) as answer:
            async for data in answer.content.iter_any():
                *frames, rest = (rest + data).split(b"\n\n")
                for frame in frames:
                    if frame != b"data: [DONE]":
                        take(decode(frame[6:]).choices[0].delta.content)

    return read


IMPORT = "import aiohttp, msgspec"
WAYS = {"aiohttp bytes, async": coroutine}
