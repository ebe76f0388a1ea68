"""A real server on the loopback interface, and wrappers that call it with each SDK and natively."""

from __future__ import annotations

import json
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from modelstream.testing.calls import read as read_sync
from modelstream.testing.fixtures import read, server
from modelstream.testing.server import Answer
from modelstream_gemini import GeminiChat

PACKAGES = {"genai": "google.genai", "generativeai": "google.generativeai"}


def is_installed(backend):
    try:
        return find_spec(PACKAGES[backend]) is not None
    except ModuleNotFoundError:
        return False


# Tests that depend on an SDK run with each installed one; test_backends.py is skipped for the others.
INSTALLED = [name for name in PACKAGES if is_installed(name)]

# What builds and sends requests: each SDK with httpx, or the plugin and the core alone.
WAYS = {**{name: {"backend": name} for name in INSTALLED}, "native": {"transport": "native"}}


def event(frame):
    """One event of a stream."""
    return b"data: %b\r\n\r\n" % json.dumps(frame).encode()


def candidate(*parts, finish=None, **fields):
    """A frame with these parts."""
    content = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **fields}
    return {"candidates": [{**content, "finishReason": finish} if finish else content]}


def text(content="", finish=None):
    """An event with a piece of text."""
    return event(candidate({"text": content}, finish=finish))


def call(name, args, **fields):
    """A part with a function call."""
    return {"functionCall": {"name": name, "args": args, **fields}}


USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
END = event({**candidate(finish="STOP"), "usageMetadata": USAGE})
HELLO = Answer([text("Hel"), text("lo"), END])


@pytest.fixture(scope="session")
def wire():
    """The frames of an answer in Gemini's format."""
    return SimpleNamespace(
        event=event, candidate=candidate, text=text, call=call, usage=USAGE, end=END, hello=HELLO
    )


@pytest.fixture
def answer():
    return HELLO


@pytest.fixture(params=["sdk", "native"])
def transport(request):
    """What sends requests; `sdk` is the first SDK that is installed."""
    return request.param


@pytest.fixture
def model_of(transport):
    """Creates a wrapper for a URL."""
    return factory(WAYS["native" if transport == "native" else INSTALLED[0]])


def factory(fields):
    """Returns a function that creates wrappers; `way` are the fields that choose a transport."""

    def model_of(url, **more):
        defaults = {"model_name": "gemini-test", "api_key": "k", "base_url": url, "max_retries": 0}
        return GeminiChat({**defaults, **fields, **more})

    return model_of


@pytest.fixture
def model(server, model_of):
    return model_of(server.url)


@pytest.fixture(params=INSTALLED)
def backend(request):
    """The name of each SDK that is installed."""
    return request.param


@pytest.fixture(params=WAYS)
def model_by(request):
    """Creates a wrapper for a URL, with each SDK and natively."""
    return factory(WAYS[request.param])


@pytest.fixture
def ask(server, model_by):
    """Calls a model, with each SDK and natively, and returns the request that the server received."""
    return asker(server, model_by)


@pytest.fixture
def ask_an_sdk(server, backend):
    """The same with each SDK, for what only SDKs support."""
    return asker(server, factory(WAYS[backend]))


def asker(server, model_of):
    def ask(messages=None, fields=(), /, **arguments):
        model = model_of(server.url, **dict(fields))
        if messages is None and "contents" not in arguments:
            messages = "hi"
        assert model(messages, **{"stream": True, **arguments}).text == "Hello"
        return server.requests[-1]

    return ask


class Pieces:
    """A byte stream in memory: the pieces of a body, and the exception after them, if any."""

    status = 200
    headers = {"content-type": "text/event-stream"}  # noqa: RUF012

    def __init__(self, pieces, failure=None):
        self.pieces = pieces
        self.failure = failure

    def __iter__(self):
        yield from self.pieces
        if self.failure is not None:
            raise self.failure

    def read(self):
        return b"".join(self.pieces)

    def drain(self):
        pass

    close = abort = drain


@pytest.fixture(scope="session")
def read_pieces():
    """Reads an answer from the pieces of a body, without the HTTP library."""
    model = GeminiChat(model_name="m", api_key="k", max_retries=0, **WAYS[INSTALLED[0]])

    def read_pieces(pieces, failure=None, **arguments):
        model.open = lambda request: Pieces(pieces, failure)
        return read_sync(model, **arguments)

    return read_pieces
