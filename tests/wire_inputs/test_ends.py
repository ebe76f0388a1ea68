"""Each wrapper that reads a wire gives its callers what the table of ends says, by each of its transports."""

from __future__ import annotations

import os

import pytest
from ends import INPUTS
from wires import LOST, WIRES
from wrappers import load, name_of, prepare

from modelstream.testing.fixtures import answer, read, server
from modelstream.testing.server import Answer, End

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

__all__ = ["answer", "read", "server"]

WRAPPERS = [(wire, wrapper) for wire in WIRES for wrapper in wire.wrappers]
FINISHES = {"stop", "length", "tool_calls", "content_filter"}

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module", params=WRAPPERS, ids=lambda pair: name_of(pair[1]))
def wire_and_wrapper(request):
    prepare(request.param[1])
    return request.param


@pytest.fixture
def model(wire_and_wrapper, server, monkeypatch):
    for name in ("OLLAMA_HOST", "OLLAMA_API_KEY", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return load(wire_and_wrapper[1], server.url)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("one", INPUTS, ids=lambda one: one.name.replace(" ", "_"))
def test_ends(wire_and_wrapper, model, server, read, one):
    wire, _ = wire_and_wrapper
    expected = one.gets(wire)
    if expected is None:
        return  # this wire has no such thing
    body = [wire.encode(step) for step in one.steps if step != LOST]
    lost = LOST in one.steps
    server.play(
        Answer(
            body,
            headers={"Content-Type": wire.content_type},
            end=End.CUT if lost else End.VALID,
            framing="chunked",
        )
    )
    got = read(model, "hi")
    assert got.text == one.text
    if expected in FINISHES:
        assert got.error is None
        assert got.finish_reason == expected
        assert got.snapshots[-1] == (True, one.text)
    else:
        assert type(got.error).__name__ == expected
        assert not any(last for last, _ in got.snapshots)
    assert [last for last, _ in got.snapshots[:-1]] == [False] * (len(got.snapshots) - 1) or not got.snapshots
