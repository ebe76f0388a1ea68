"""A run as a file."""

from __future__ import annotations

import pytest
from served import Reporter

from modelstream_studio import frames


@pytest.fixture
def told(served):
    """A run with all that there is."""
    program = Reporter(served)
    program.open("m1", "A *star*", model_name="gpt")
    program.say(
        frames.Reasoning(message="m1", offset=0, delta="Let me\nthink."),
        frames.Text(message="m1", offset=0, delta="# Title\n\nBody."),
        frames.Tool(message="m1", index=0, id="c", name="look", delta='{"code": "```"}'),
    )
    program.close("m1", usage=frames.Counts(3, 4), finish_reason="stop")
    program.open("m2", "Bob", at=1004.0)
    program.text("half", 0, "m2")
    program.close("m2", state="failed", error=frames.Failure("RateLimitError", "too *many*"))
    program.say(frames.Ask(question="q", name="Bob", prompt="Where?", at=1005.0))
    program.say(frames.Answered(question="q", value={"city": "Köln"}))
    program.open("m3", "Live", at=1006.0)
    program.text("still writing", 0, "m3")
    return served


def test_as_json_everything_is_in_it(told):
    whole = told.get("/v1/runs/run/export.json")
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


def test_as_markdown_it_can_be_read(told):
    status, text, headers = told.ask("GET", "/v1/runs/run/export.md")
    assert status == 200
    assert headers["content-type"].startswith("text/markdown")
    assert text.startswith("# name of run\n\nproject · 1970-01-01 00:16:40 UTC · live\n\n## A \\*star\\*\n\n")
    assert "gpt · complete · stop · 3 → 4 tokens" in text
    assert "> Let me\n> think.\n\n# Title\n\nBody." in text
    assert '→ `look`\n\n````json\n{"code": "```"}\n````' in text
    assert "**RateLimitError**: too \\*many\\*" in text
    assert '## Bob asks\n\nWhere?\n\nAnswer: {"city":"Köln"}' in text
    assert text.index("half") < text.index("Bob asks") < text.index("still writing")


def test_nothing_else(told):
    assert told.ask("GET", "/v1/runs/run/export.pdf")[0] == 404
    assert told.ask("GET", "/v1/runs/nobody/export.json")[0] == 404
