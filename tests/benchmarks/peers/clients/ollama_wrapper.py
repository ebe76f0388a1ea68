# /// script
# dependencies = ["modelstream-ollama"]
# ///
"""Ollama's SDK, and modelstream's wrapper by either transport."""

from functools import partial

import ollama

import modelstream


def sdk(url):
    client = ollama.Client(host=url)

    def read(take):
        for chunk in client.chat(model="m", messages=[{"role": "user", "content": "hi"}], stream=True):
            take(chunk.message.content)

    return read


def ours(url, **fields):
    config = {"model_type": "ollama_chat", "model_name": "m", "host": url}
    model = modelstream.load_model(config | fields)

    def read(take):
        for snapshot in model("hi", stream=True).stream:
            take(snapshot.delta)

    return read


IMPORT = "import ollama"
WAYS = {
    "ollama SDK": sdk,
    "modelstream ollama_chat": ours,
    "modelstream ollama_chat, native": partial(ours, transport="native"),
}
WIRES = dict.fromkeys(WAYS, "ollama")
WRAPPERS = {"modelstream ollama_chat": "ollama SDK", "modelstream ollama_chat, native": "ollama SDK"}
