"""The tokens of a Studio, kept so that tabs and programs survive a restart."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import msgspec

from modelstream_studio.places import Place, Tokens, known_place, place_file


def kept_tokens() -> Tokens:
    """The tokens of this user's Studio: the stored ones, or new ones."""
    place = known_place()
    return place.tokens if place is not None else new_tokens()


def new_tokens() -> Tokens:
    """Three new secrets."""
    return Tokens(*(secrets.token_urlsafe(24) for _ in range(3)))


def announce(url: str, tokens: Tokens) -> Path:
    """Write the file from which this user's programs learn Studio's address and tokens."""
    file = place_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = file.with_name(f"{file.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    # Created with these permissions, so that others can't read it even for a moment.
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:  # noqa: PTH123
        opened.write(msgspec.json.format(msgspec.json.encode(Place(url, tokens))))
    aside.replace(file)
    return file
