"""Each wrapper that reads a wire gives its callers what the table of ends says, by each of its transports."""

from __future__ import annotations

import os
import warnings

import pytest
from ends import INPUTS
from wires import LOST, WIRES

import modelstream
from modelstream.testing.fixtures import answer, read, server
from modelstream.testing.server import Answer, End

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

__all__ = ["answer", "read", "server"]

WRAPPERS = [(wire, wrapper) for wire in WIRES for wrapper in wire.wrappers]
FINISHES = {"stop", "length", "tool_calls", "content_filter"}

pytestmark = pytest.mark.timeout(60)


def name_of(value):
    return f"{value[1].model_type}-{value[1].transport}"


@pytest.fixture(scope="module", params=WRAPPERS, ids=name_of)
def wire_and_wrapper(request):
    wrapper = request.param[1]
    pytest.importorskip(f"modelstream_{wrapper.model_type.removesuffix('_chat')}")
    if wrapper.model_type == "litellm_chat":
        # Imported here, outside of the tests' timeouts.
        from modelstream_litellm.sdk import litellm

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            litellm()
    return request.param


@pytest.fixture
def model(wire_and_wrapper, server, monkeypatch):
    for name in ("OLLAMA_HOST", "OLLAMA_API_KEY", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    _, wrapper = wire_and_wrapper
    key = {} if wrapper.model_type == "ollama_chat" else {"api_key": "id.secret"}
    return modelstream.load_model(
        {
            "model_type": wrapper.model_type,
            "model_name": wrapper.model_name,
            "transport": wrapper.transport,
            "base_url": f"{server.url}{wrapper.path}",
            "max_retries": 0,
            **key,
        }
    )


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
