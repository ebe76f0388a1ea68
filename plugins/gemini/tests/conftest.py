"""A real server on the loopback interface, and wrappers that talk to it, each in every way that there is."""

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


# What depends on the SDK is tested with each one that is there. Which those are, test_backends.py tells.
INSTALLED = [name for name in PACKAGES if is_installed(name)]

# Who makes requests and speaks HTTP: each SDK with httpx, or the plugin and the core alone.
WAYS = {**{name: {"backend": name} for name in INSTALLED}, "native": {"transport": "native"}}


def event(frame):
    """One event of the stream."""
    return b"data: %b\r\n\r\n" % json.dumps(frame).encode()


def candidate(*parts, finish=None, **fields):
    """A frame with these parts."""
    said = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **fields}
    return {"candidates": [{**said, "finishReason": finish} if finish else said]}


def text(content="", finish=None):
    """The event with this piece of text."""
    return event(candidate({"text": content}, finish=finish))


def call(name, args, **fields):
    """A part with a call."""
    return {"functionCall": {"name": name, "args": args, **fields}}


USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
END = event({**candidate(finish="STOP"), "usageMetadata": USAGE})
HELLO = Answer([text("Hel"), text("lo"), END])


@pytest.fixture(scope="session")
def wire():
    """How Gemini writes an answer."""
    return SimpleNamespace(
        event=event, candidate=candidate, text=text, call=call, usage=USAGE, end=END, hello=HELLO
    )


@pytest.fixture
def answer():
    return HELLO


@pytest.fixture(params=["sdk", "native"])
def transport(request):
    """Who speaks HTTP. For `sdk` the SDK that is there makes the requests."""
    return request.param


@pytest.fixture
def model_of(transport):
    """Makes a wrapper for an address."""
    return made(WAYS["native" if transport == "native" else INSTALLED[0]])


def made(way):
    def model_of(url, **fields):
        given = {"model_name": "gemini-test", "api_key": "k", "base_url": url, "max_retries": 0}
        return GeminiChat({**given, **way, **fields})

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
    """Makes a wrapper for an address, in each of the ways that there are."""
    return made(WAYS[request.param])


@pytest.fixture
def ask(server, model_by):
    """Asks a model in each of the ways; what the server was sent."""
    return asking(server, model_by)


@pytest.fixture
def ask_an_sdk(server, backend):
    """The same with each of the SDKs, for what only they can."""
    return asking(server, made(WAYS[backend]))


def asking(server, model_of):
    def ask(messages=None, fields=(), /, **arguments):
        model = model_of(server.url, **dict(fields))
        if messages is None and "contents" not in arguments:
            messages = "hi"
        assert model(messages, **{"stream": True, **arguments}).text == "Hello"
        return server.requests[-1]

    return ask


class Pieces:
    """A byte stream out of memory: the pieces of a body, and what happens behind them."""

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
def reading():
    """What a user is told of a body in pieces: all that comes after the HTTP library, and nothing before."""
    model = GeminiChat(model_name="m", api_key="k", max_retries=0, **WAYS[INSTALLED[0]])

    def reading(pieces, failure=None, **arguments):
        model.open = lambda request: Pieces(pieces, failure)
        return read_sync(model, **arguments)

    return reading
