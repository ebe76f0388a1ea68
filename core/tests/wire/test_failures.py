"""Errors of requests that got no answer."""

from __future__ import annotations

import pytest

from modelstream.errors import ConnectionLostError
from modelstream.wire.failures import unanswered


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://box/v1/chat?key=k", "https://box/v1/chat"),
        ("http://me:secret@box:8080/v1", "http://box:8080/v1"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_the_message_has_the_url_without_secrets(url, shown):
    error = unanswered(ConnectionRefusedError("connection refused"), url)
    assert isinstance(error, ConnectionLostError)
    assert str(error) == error.message
    assert error.message.endswith(f" at {shown}")


def test_a_stream_error_is_not_changed():
    ours = ConnectionLostError("cut")
    assert unanswered(ours, "http://box/") is ours
    assert str(ours) == "cut at http://box/"
