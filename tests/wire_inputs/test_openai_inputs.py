"""Each wrapper that reads OpenAI's wire gives its callers what the table of inputs says."""

from __future__ import annotations

import os

import pytest
from openai_inputs import INPUTS
from wires import OPENAI
from wrappers import load, name_of, prepare

from modelstream.deltas import Usage
from modelstream.testing.fixtures import answer, read, server
from modelstream.testing.server import Answer

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

__all__ = ["answer", "read", "server"]

pytestmark = [pytest.mark.timeout(60), pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module", params=OPENAI.wrappers, ids=name_of)
def wrapper(request):
    prepare(request.param)
    return request.param


@pytest.mark.parametrize("one", INPUTS, ids=lambda one: f"{one.kind}: {one.name}".replace(" ", "_"))
def test_inputs(wrapper, server, read, one):
    kind = OPENAI.content_type if one.stream else "application/json"
    server.play(Answer(list(one.body), headers={"Content-Type": kind}))
    got = read(load(wrapper, server.url), "hi", stream=one.stream)
    found = None if got.error is None else type(got.error).__name__
    assert found == one.error
    if one.words:
        assert one.words in str(got.error)
    if one.text is not None:
        assert got.text == one.text
    if one.reasoning is not None:
        assert got.reasoning == one.reasoning
    if one.calls is not None:
        assert [(call.name, call.arguments) for call in got.tool_calls] == list(one.calls)
    if one.finish_reason is not None:
        assert got.finish_reason == one.finish_reason
    if one.usage is not None:
        assert (got.usage or Usage()) == one.usage
