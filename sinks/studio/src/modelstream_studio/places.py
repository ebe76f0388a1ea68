"""Where Studio is found, and where it keeps what it must remember. Shared by both sides."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

HOST = "127.0.0.1"
PORT = 7575
URL = "MODELSTREAM_STUDIO"
"""The environment variable with Studio's address; `#publish=TOKEN` may be a part of it."""
TOKEN = "MODELSTREAM_STUDIO_TOKEN"  # noqa: S105
"""The environment variable with the token that a program publishes with."""


class Tokens(msgspec.Struct, frozen=True):
    """Three secrets: to look, to answer and to end streams, to publish. None of them stands for another."""

    watch: str
    answer: str
    publish: str


class Place(msgspec.Struct, frozen=True):
    """What a running Studio leaves for the programs of the same user: where it listens, and its tokens."""

    url: str
    tokens: Tokens


def state_folder() -> Path:
    """The folder of the database and the tokens. It need not exist."""
    base = os.environ.get("XDG_STATE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".local" / "state"  # noqa: PTH117
    return root / "modelstream" / "studio"


def place_file() -> Path:
    """The file with the `Place`, readable by its owner alone."""
    return state_folder() / "studio.json"


def known_place() -> Place | None:
    """The Studio that was last started by this user, or None. It need not be running."""
    try:
        return msgspec.json.decode(place_file().read_bytes(), type=Place)
    except (OSError, RuntimeError, msgspec.DecodeError):
        return None


def default_url() -> str:
    """Where Studio listens if nobody said otherwise."""
    return f"http://{HOST}:{PORT}"
