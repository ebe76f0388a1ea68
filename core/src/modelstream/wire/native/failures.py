"""What goes wrong with a connection, as errors of ours that name the address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelstream.errors import ProviderError, StreamError
from modelstream.wire.failures import unanswered

if TYPE_CHECKING:
    from modelstream.wire.native.parsing import Answer


@contextmanager
def told(url: str) -> Iterator[None]:
    """Raise what goes wrong inside as a `StreamError` that says where."""
    try:
        yield
    except (OSError, StreamError) as error:
        ours = unanswered(error, url)
        raise ours from ours.__cause__


def check_tunnel(answer: Answer) -> None:
    """Raise unless the proxy has made the tunnel."""
    if answer.status != 200:
        raise ProviderError(
            f"the proxy refused to connect (HTTP {answer.status})",
            status=answer.status,
            retryable=answer.status >= 500,
        )
