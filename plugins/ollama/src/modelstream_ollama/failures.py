"""Errors of an Ollama server, with how to fix them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelstream.errors import ConnectionLostError

if TYPE_CHECKING:
    from modelstream.errors import StreamError

_AFTER_CONNECTING = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)
_MODEL = re.compile(r"""model ["']?([^\s"',]+)""")


def unreachable(error: StreamError, address: str) -> StreamError:
    """`error`; where no server answers at `address`, with how to start one."""
    if _is_unconnected(error):
        error.message = (
            f"no Ollama server answers at {address} ({error.__cause__}).\nStart it with `ollama serve`, or "
            "set the field 'host' of the model config, or OLLAMA_HOST."
        )
    return error


def _is_unconnected(error: StreamError) -> bool:
    """Whether no connection was made."""
    cause = error.__cause__
    # httpx has an exception for it; of the system's errors it is any but those of an open connection.
    lost = isinstance(error, ConnectionLostError) and not isinstance(cause, _AFTER_CONNECTING)
    return type(cause).__name__ == "ConnectError" or (lost and isinstance(cause, OSError))


def with_hint(error: StreamError) -> StreamError:
    """The error for an HTTP status; where something is not found, with how to get it."""
    if error.status != 404:
        return error
    if "model" in error.message:
        model = _MODEL.search(error.message)
        name = model[1] if model else "NAME"
        error.message += f"\nFetch it with `ollama pull {name}`; `ollama list` shows the installed models."
    else:
        error.message += "\nIs the host right? It is the server's address, without /api or /v1."
    return error
