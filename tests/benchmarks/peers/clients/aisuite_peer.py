# /// script
# dependencies = ["aisuite[openai]"]
# ///
"""aisuite, which has no coroutines."""

import aisuite


def sync(url):
    client = aisuite.Client({"openai": {"api_key": "k", "base_url": url}})

    def read(take):
        arguments = {"model": "openai:m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
        for chunk in client.chat.completions.create(**arguments):
            take(chunk.choices[0].delta.content)

    return read


IMPORT = "import aisuite"
WAYS = {"aisuite": sync}
