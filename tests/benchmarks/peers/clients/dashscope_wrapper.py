# /// script
# dependencies = ["modelstream-dashscope"]
# ///
"""DashScope's SDK, and modelstream's wrapper."""

import dashscope

import modelstream


def sdk(url):
    dashscope.base_http_api_url = url

    def read(take):
        arguments = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "api_key": "k"}
        how = {"stream": True, "incremental_output": True, "result_format": "message"}
        for chunk in dashscope.Generation.call(**arguments, **how):
            take(chunk.output.choices[0].message.content)

    return read


def ours(url):
    config = {"model_type": "dashscope_chat", "model_name": "m", "api_key": "k", "base_url": url}
    model = modelstream.load_model(config)

    def read(take):
        for snapshot in model("hi", stream=True).stream:
            take(snapshot.delta)

    return read


IMPORT = "import dashscope"
WAYS = {"dashscope SDK": sdk, "modelstream dashscope_chat": ours}
WIRES = dict.fromkeys(WAYS, "dashscope")
WRAPPERS = {"modelstream dashscope_chat": "dashscope SDK"}
