"""The TLS context that all connections share: to read certificates takes tens of milliseconds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_making = threading.Lock()
_made: list[ssl.SSLContext] = []


def tls_context() -> ssl.SSLContext:
    """The context, which trusts what the platform trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` count)."""
    import ssl

    with _making:
        if not _made:
            context = ssl.create_default_context()
            context.set_alpn_protocols(["http/1.1"])
            _made.append(context)
        return _made[0]


def is_made() -> bool:
    """Whether `tls_context` will return at once."""
    return bool(_made)
