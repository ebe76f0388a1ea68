"""The address of Studio and the files of its state, shared by the sink and the server."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

HOST = "127.0.0.1"
PORT = 7575
URL = "MODELSTREAM_STUDIO"
"""The environment variable with Studio's address; it may end in `#publish=TOKEN`."""
TOKEN = "MODELSTREAM_STUDIO_TOKEN"  # noqa: S105
"""The environment variable with the token that a program publishes with."""


class Tokens(msgspec.Struct, frozen=True):
    """Three secrets: to watch, to answer and end streams, and to publish. None replaces another."""

    watch: str
    answer: str
    publish: str


class Place(msgspec.Struct, frozen=True):
    """The record that a running Studio leaves for the user's programs: its address and its tokens."""

    url: str
    tokens: Tokens


def state_folder() -> Path:
    """The folder of the database and the tokens. It need not exist."""
    base = os.environ.get("XDG_STATE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".local" / "state"  # noqa: PTH117
    return root / "modelstream" / "studio"


def place_file() -> Path:
    """The file with the `Place`, readable only by its owner."""
    return state_folder() / "studio.json"


def known_place() -> Place | None:
    """The Studio that was last started by this user, or None. It need not be running."""
    try:
        return msgspec.json.decode(place_file().read_bytes(), type=Place)
    except (OSError, RuntimeError, msgspec.DecodeError):
        return None


def default_url() -> str:
    """The address at which Studio listens by default."""
    return f"http://{HOST}:{PORT}"
