# /// script
# dependencies = ["modelstream-gemini"]
# ///
"""Google's SDK, and modelstream's wrapper by either transport."""

from functools import partial

from google import genai

import modelstream


def sdk(url):
    client = genai.Client(api_key="k", http_options={"base_url": url})

    def read(take):
        for chunk in client.models.generate_content_stream(model="m", contents="hi"):
            take(chunk.text)

    return read


def ours(url, **fields):
    config = {"model_type": "gemini_chat", "model_name": "m", "api_key": "k", "base_url": url}
    model = modelstream.load_model(config | fields)

    def read(take):
        for snapshot in model("hi", stream=True).stream:
            take(snapshot.delta)

    return read


IMPORT = "from google import genai"
WAYS = {
    "google-genai": sdk,
    "modelstream gemini_chat": ours,
    "modelstream gemini_chat, native": partial(ours, transport="native"),
}
WIRES = dict.fromkeys(WAYS, "gemini")
WRAPPERS = {"modelstream gemini_chat": "google-genai", "modelstream gemini_chat, native": "google-genai"}
