"""Failing calls: the type and the message of each error."""

from __future__ import annotations

import pytest

from modelstream.errors import BadRequestError, ConnectionLostError
from modelstream.testing.server import Answer, End, refused_url

HELLO = [(False, "Hel"), (False, "Hello")]


@pytest.fixture
def hello(lines):
    """The lines of an answer, without its end."""
    return [lines.line(**lines.text("Hel")), lines.line(**lines.text("lo"))]


def test_a_model_that_is_not_installed(server, model_of, refused):
    server.play(Answer.of_json({"error": "model 'llama9' not found"}, 404))
    error = refused(model_of(model_name="llama9"))
    assert "model 'llama9' not found" in str(error)
    assert "`ollama pull llama9`" in str(error)


@pytest.mark.parametrize("path", ["/v1", "/api"])
def test_an_address_with_an_unneeded_path(server, model_of, refused, path):
    server.play(Answer([b"404 page not found"], 404, {"Content-Type": "text/plain"}))
    error = refused(model_of(host=f"{server.url}{path}"))
    assert type(error) is BadRequestError
    assert "without /api or /v1" in str(error)
    assert server.requests[-1].path == f"{path}/api/chat"


def test_no_server(model_of, refused):
    url = refused_url()
    error = refused(model_of(host=url))
    assert type(error) is ConnectionLostError
    assert f"no Ollama server answers at {url}" in str(error)
    assert "`ollama serve`" in str(error)


def test_timeouts_of_the_config_apply_to_the_headers(server, model_of, refused):
    server.play(Answer(status=None, end=End.SILENCE))
    for limit in ({"timeout": 0.3}, {"client_args": {"timeout": 0.3}}):
        assert refused(model_of(**limit)).clock == "first_delta"


def test_an_end_without_a_line_end(server, model_of, read, hello, lines):
    server.play(Answer([*hello, lines.line(**lines.end).rstrip()]))
    assert read(model_of()).snapshots == [*HELLO, (True, "Hello")]
