"""The TLS context that all connections share, because reading certificates takes tens of milliseconds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_lock = threading.Lock()
_contexts: list[ssl.SSLContext] = []


def tls_context() -> ssl.SSLContext:
    """The shared context, which trusts the platform's certificates (or `SSL_CERT_FILE`, `SSL_CERT_DIR`)."""
    import ssl

    from modelstream.wire.setup import check_certificates

    with _lock:
        if not _contexts:
            check_certificates()
            context = ssl.create_default_context()
            context.set_alpn_protocols(["http/1.1"])
            _contexts.append(context)
        return _contexts[0]


def tls_context_ready() -> bool:
    """Whether `tls_context` returns without reading certificates."""
    return bool(_contexts)
