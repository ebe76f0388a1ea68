"""Export of a run to a file."""

from __future__ import annotations

import pytest
from served import Reporter

from modelstream_studio import frames


@pytest.fixture
def exported(served):
    """A Studio with a run that has all kinds of frames."""
    program = Reporter(served)
    program.open("m1", "A *star*", model_name="gpt")
    program.report(
        frames.Reasoning(message="m1", offset=0, delta="Let me\nthink."),
        frames.Text(message="m1", offset=0, delta="# Title\n\nBody."),
        frames.Tool(message="m1", index=0, id="c", name="look", delta='{"code": "```"}'),
    )
    program.close("m1", usage=frames.Counts(3, 4), finish_reason="stop")
    program.open("m2", "Bob", at=1004.0)
    program.text("half", 0, "m2")
    program.close("m2", state="failed", error=frames.Failure("RateLimitError", "too *many*"))
    program.report(frames.Ask(question="q", name="Bob", prompt="Where?", at=1005.0))
    program.report(frames.Answered(question="q", value={"city": "Köln"}))
    program.open("m3", "Live", at=1006.0)
    program.text("still writing", 0, "m3")
    return served


def test_json_has_everything(exported):
    whole = exported.get("/v1/runs/run/export.json")
    assert whole["run"]["name"] == "name of run"
    first, second, third = whole["messages"]
    assert first["text"] == "# Title\n\nBody."
    assert first["reasoning"] == "Let me\nthink."
    assert first["tool_calls"][0]["arguments"] == '{"code": "```"}'
    assert first["usage"]["input_tokens"] == 3
    assert "blocks" not in first
    assert (second["state"], second["error"]["type"]) == ("failed", "RateLimitError")
    assert (third["state"], third["text"]) == ("live", "still writing")
    assert whole["questions"][0]["value"] == {"city": "Köln"}


def test_markdown(exported):
    status, text, headers = exported.request("GET", "/v1/runs/run/export.md")
    assert status == 200
    assert headers["content-type"].startswith("text/markdown")
    assert text.startswith("# name of run\n\nproject · 1970-01-01 00:16:40 UTC · live\n\n## A \\*star\\*\n\n")
    assert "gpt · complete · stop · 3 → 4 tokens" in text
    assert "> Let me\n> think.\n\n# Title\n\nBody." in text
    assert '→ `look`\n\n````json\n{"code": "```"}\n````' in text
    assert "**RateLimitError**: too \\*many\\*" in text
    assert '## Bob asks\n\nWhere?\n\nAnswer: {"city":"Köln"}' in text
    assert text.index("half") < text.index("Bob asks") < text.index("still writing")


def test_unknown_formats_and_runs(exported):
    assert exported.request("GET", "/v1/runs/run/export.pdf")[0] == 404
    assert exported.request("GET", "/v1/runs/unknown/export.json")[0] == 404
