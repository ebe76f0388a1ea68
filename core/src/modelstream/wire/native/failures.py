"""What goes wrong with a connection, as errors of ours that name the address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modelstream.errors import ProviderError, StreamError
from modelstream.faults import as_stream_error

if TYPE_CHECKING:
    from modelstream.wire.native.parsing import Answer


@contextmanager
def told(url: str) -> Iterator[None]:
    """Raise what goes wrong inside as a `StreamError` that says where."""
    try:
        yield
    except (OSError, StreamError) as error:
        ours = as_stream_error(error)
        parts = urlsplit(url)
        ours.message = f"{ours.message} at {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        ours.args = (ours.message,)
        raise ours from ours.__cause__


def check_tunnel(answer: Answer) -> None:
    """Raise unless the proxy has made the tunnel."""
    if answer.status != 200:
        raise ProviderError(
            f"the proxy refused to connect (HTTP {answer.status})",
            status=answer.status,
            retryable=answer.status >= 500,
        )
