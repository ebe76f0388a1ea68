# /// script
# dependencies = ["modelstream-ollama"]
# ///
"""Ollama's SDK, and modelstream's wrapper."""

import ollama

import modelstream


def sdk(url):
    client = ollama.Client(host=url)

    def read(take):
        for chunk in client.chat(model="m", messages=[{"role": "user", "content": "hi"}], stream=True):
            take(chunk.message.content)

    return read


def ours(url):
    config = {"model_type": "ollama_chat", "model_name": "m", "host": url}
    model = modelstream.load_model(config)

    def read(take):
        for snapshot in model("hi", stream=True).stream:
            take(snapshot.delta)

    return read


IMPORT = "import ollama"
WAYS = {"ollama SDK": sdk, "modelstream ollama_chat": ours}
WIRES = dict.fromkeys(WAYS, "ollama")
WRAPPERS = {"modelstream ollama_chat": "ollama SDK"}
