"""A key as a token that is worth something for some minutes only: a JWT, as the provider's SDKs sign it."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

from modelstream.errors import ConfigError

GOOD_FOR = 210
"""Seconds, as with the SDKs. Theirs is 180 seconds old when it is made anew, ours is made for each call."""

_HEADER = {"alg": "HS256", "sign_type": "SIGN", "typ": "JWT"}


def parted(key: str) -> tuple[str, str]:
    """The id and the secret that a key is made of. Raises `ConfigError`."""
    name, dot, secret = key.partition(".")
    if not (name and dot and secret) or "." in secret:
        raise ConfigError(
            "api_key can't be signed: a key for that is an id and a secret with one dot between them.\n"
            "Leave 'disable_token_cache' of client_args away to send the key as it is."
        )
    return name, secret


def token_of(key: str) -> str:
    """The token to send in the place of `key`, good from now on. Raises `ConfigError`."""
    name, secret = parted(key)
    now = round(time.time() * 1000)
    said = {"api_key": name, "exp": now + GOOD_FOR * 1000, "timestamp": now}
    signed = f"{_encoded(_as_bytes(_HEADER))}.{_encoded(_as_bytes(said))}"
    signature = hmac.digest(secret.encode(), signed.encode(), "sha256")
    return f"{signed}.{_encoded(signature)}"


def _as_bytes(said: dict[str, Any]) -> bytes:
    return json.dumps(said, separators=(",", ":")).encode()


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
