"""Errors of connections, with the URL in the message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelstream.errors import ProviderError, StreamError
from modelstream.wire.failures import unanswered

if TYPE_CHECKING:
    from modelstream.wire.native.parsing import Answer


@contextmanager
def errors_at(url: str) -> Iterator[None]:
    """Map `OSError`s and `StreamError`s inside to a `StreamError` with the URL in its message."""
    try:
        yield
    except (OSError, StreamError) as error:
        mapped = unanswered(error, url)
        raise mapped from mapped.__cause__


def check_tunnel(answer: Answer) -> None:
    """Raise `ProviderError` unless the proxy has opened the tunnel."""
    if answer.status != 200:
        raise ProviderError(
            f"the proxy refused to connect (HTTP {answer.status})",
            status=answer.status,
            retryable=answer.status >= 500,
        )
