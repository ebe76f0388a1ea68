# /// script
# dependencies = ["modelstream-zhipuai"]
# ///
"""ZhipuAI's SDK, and modelstream's wrapper by either transport."""

from functools import partial

import zai

import modelstream


def sdk(url):
    client = zai.ZhipuAiClient(api_key="id.secret", base_url=url)

    def read(take):
        arguments = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
        for chunk in client.chat.completions.create(**arguments):
            take(chunk.choices[0].delta.content)

    return read


def ours(url, **fields):
    config = {"model_type": "zhipuai_chat", "model_name": "m", "api_key": "id.secret", "base_url": url}
    model = modelstream.load_model(config | fields)

    def read(take):
        for snapshot in model("hi", stream=True).stream:
            take(snapshot.delta)

    return read


IMPORT = "import zai"
WAYS = {
    "zai-sdk": sdk,
    "modelstream zhipuai_chat": ours,
    "modelstream zhipuai_chat, native": partial(ours, transport="native"),
}
WIRES = dict.fromkeys(WAYS, "zhipuai")
WRAPPERS = {"modelstream zhipuai_chat": "zai-sdk", "modelstream zhipuai_chat, native": "zai-sdk"}
