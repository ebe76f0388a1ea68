"""What goes wrong with an Ollama server, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelstream.faults import as_stream_error

if TYPE_CHECKING:
    from modelstream.errors import StreamError


def unreachable(error: Exception, client: Any) -> StreamError:
    """The error for what went wrong before the server answered."""
    ours = as_stream_error(error)
    if ours is error:
        return ours
    address = str(client.base_url).rstrip("/")
    if type(error).__name__ == "ConnectError":
        ours.message = (
            f"no Ollama server answers at {address} ({error}).\nStart it with `ollama serve`, or set the "
            "field 'host' of the model config, or OLLAMA_HOST."
        )
    else:
        ours.message += f" at {address}"
    return ours


def with_hint(error: StreamError, model: str) -> StreamError:
    """The error for an HTTP status; where something is not there, with how to get it."""
    if error.status == 404:
        if "model" in error.message:
            error.message += f"\nFetch it with `ollama pull {model}`; `ollama list` shows what is there."
        else:
            error.message += "\nIs the host right? It is the server's address, without /api or /v1."
    return error
