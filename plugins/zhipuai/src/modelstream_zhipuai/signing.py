"""Sign a short-lived token with an API key: a JWT, as the provider's SDKs create it."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

from modelstream.errors import ConfigError

VALID_FOR = 210
"""Seconds, as in the SDKs. They reuse a token for up to 180 seconds; here each call has its own."""

_HEADER = {"alg": "HS256", "sign_type": "SIGN", "typ": "JWT"}


def split_key(key: str) -> tuple[str, str]:
    """The id and the secret of a key. Raises `ConfigError`."""
    key_id, dot, secret = key.partition(".")
    if not (key_id and dot and secret) or "." in secret:
        raise ConfigError(
            "api_key can't be used to sign: expected an id and a secret, separated by one dot.\n"
            "Omit 'disable_token_cache' in client_args to send the key unchanged."
        )
    return key_id, secret


def signed_token(key: str) -> str:
    """A token to send instead of `key`, valid from now on. Raises `ConfigError`."""
    key_id, secret = split_key(key)
    now = round(time.time() * 1000)
    claims = {"api_key": key_id, "exp": now + VALID_FOR * 1000, "timestamp": now}
    content = f"{_encoded(_as_json(_HEADER))}.{_encoded(_as_json(claims))}"
    signature = hmac.digest(secret.encode(), content.encode(), "sha256")
    return f"{content}.{_encoded(signature)}"


def _as_json(values: dict[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode()


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
