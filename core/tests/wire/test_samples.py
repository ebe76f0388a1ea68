"""Samples: loaded from a package, and joined as they are compared."""

import json

import pytest

from modelstream.deltas import Finish, ReasoningDelta, TextDelta, ToolCallDelta
from modelstream.wire import OpenAIDialect, joined, load_samples


def test_openai_ships_samples_of_everything_that_it_reads():
    kinds = {type(delta) for sample in OpenAIDialect().samples() for delta in sample.deltas}
    assert {kind.__name__ for kind in kinds} == {
        "str",
        "ReasoningDelta",
        "ToolCallDelta",
        "UsageDelta",
        "Finish",
    }


def test_neighbours_are_joined_and_calls_numbered():
    deltas = ["a", TextDelta("b"), "", ReasoningDelta(""), ReasoningDelta("c"), ReasoningDelta("d")]
    calls = [ToolCallDelta(7, "id", "f", "{"), ToolCallDelta(7, None, None, "}"), ToolCallDelta(3, "j", "g")]
    assert joined([*deltas, *calls, Finish()]) == (
        "ab",
        ReasoningDelta("cd"),
        ToolCallDelta(0, "id", "f", "{}"),
        ToolCallDelta(1, "j", "g"),
        Finish(),
    )


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "sampled_package"
    (folder / "samples").mkdir(parents=True)
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return folder / "samples"


def test_a_sample_that_cannot_be_read_is_named(package):
    (package / "odd.body").write_bytes(b"data: {}\n\n")
    (package / "odd.json").write_text(json.dumps({"deltas": [{"song": "la"}]}), "utf-8")
    with pytest.raises(ValueError, match=r"the sample 'odd' can't be read.*'song'"):
        load_samples("sampled_package")
    (package / "odd.json").unlink()
    with pytest.raises(ValueError, match="the sample 'odd' can't be read"):
        load_samples("sampled_package")


def test_a_package_without_samples_has_none():
    assert load_samples("modelstream.config") == []
