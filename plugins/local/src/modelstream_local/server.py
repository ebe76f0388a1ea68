"""The same engine as an HTTP server on this machine, for clients of OpenAI's API."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from modelstream_local import weights
from modelstream_local.engine import bind, load, parameters


class Address(NamedTuple):
    """The address of a server, in the form that OpenAI's clients expect."""

    base_url: str
    api_key: str


@contextmanager
def serve(
    model_path: str | Path | None = None, *, context_length: int = 2048, threads: int | None = None
) -> Iterator[Address]:
    """Run an OpenAI-compatible server on 127.0.0.1, at a free port, for the duration of the block.

        with serve() as (base_url, api_key):
            client = openai.OpenAI(base_url=base_url, api_key=api_key)

    The arguments are those of the model config. The weights are fetched if they are missing; the server
    has its own copy of the model's state and answers two calls at a time. Requests without the key are
    rejected; each server has a new key.
    """
    path = weights.own_model(str(model_path) if model_path else None) or weights.ensure()
    params = parameters(path, context_length, threads)
    api_key = secrets.token_urlsafe()
    params.api_keys = [api_key]
    params.model_alias = {path.stem}
    bind(params, "127.0.0.1")
    params.port = 0
    # Also how long closing waits for a client that is in the middle of an answer.
    params.sse_ping_interval = 1
    server = load(path, params)
    try:
        yield Address(f"{server.listening_address}/v1", api_key)
    finally:
        del server  # which closes the port
