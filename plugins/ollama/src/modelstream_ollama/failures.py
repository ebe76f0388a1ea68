"""What goes wrong with an Ollama server, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelstream.errors import ConnectionLostError

if TYPE_CHECKING:
    from modelstream.errors import StreamError

_TOO_LATE = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)


def unreachable(error: StreamError, address: str) -> StreamError:
    """`error`; where no server answered at `address`, with how to get one."""
    if _nobody_there(error):
        error.message = (
            f"no Ollama server answers at {address} ({error.__cause__}).\nStart it with `ollama serve`, or "
            "set the field 'host' of the model config, or OLLAMA_HOST."
        )
    return error


def _nobody_there(ours: StreamError) -> bool:
    """Whether no connection was made: httpx says so, and the system by any error but that of a lost one."""
    cause = ours.__cause__
    lost = isinstance(ours, ConnectionLostError) and not isinstance(cause, _TOO_LATE)
    return type(cause).__name__ == "ConnectError" or (lost and isinstance(cause, OSError))


def with_hint(error: StreamError, model: str) -> StreamError:
    """The error for an HTTP status; where something is not there, with how to get it."""
    if error.status == 404:
        if "model" in error.message:
            error.message += f"\nFetch it with `ollama pull {model}`; `ollama list` shows what is there."
        else:
            error.message += "\nIs the host right? It is the server's address, without /api or /v1."
    return error
