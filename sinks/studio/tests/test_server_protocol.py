"""The page about the protocol is correct."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import msgspec
from served import wait_for

from modelstream_studio import frames

PAGE = (Path(__file__).parents[1] / "PROTOCOL.md").read_text(encoding="utf-8")
BATCH, COMMANDS = re.findall(r"^```json\n(.*?)\n```$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_example_of_a_batch_is_accepted(served):
    status, reply, _ = served.request("POST", "/v1/publish", role="publish", body=BATCH.encode())

    assert (status, reply) == (200, {"persisted": 7})
    message = served.message("message-1", "run-7")
    assert message["blocks"] == ["<p>It is <strong>raining</strong>.</p>\n"]
    assert message["reasoning"] == "The user wants"
    assert message["tool_calls"][0]["arguments"] == '{"city": "Paris"}'
    assert (message["state"], message["usage"]["output_tokens"]) == ("complete", 5)
    assert '{"persisted": 7}' in PAGE


def test_the_example_of_commands_is_what_a_program_receives(served):
    opening = (
        '{"k":"open","m":"message-1","name":"A","at":1}',
        '{"k":"ask","q":"question-1","name":"A","prompt":"?","at":1}',
    )
    body = "\n".join([BATCH.splitlines()[0], *opening])
    assert served.request("POST", "/v1/publish", role="publish", body=body.encode())[0] == 200
    assert served.post("/v1/answer", {"q": "question-1", "value": "Paris"}) == 200
    assert served.post("/v1/cancel", {"m": "message-1"}) == 200

    path = "/v1/commands?producer=a-random-id&after=0"
    reply = wait_for(lambda: served.request("GET", path, role="publish")[1])

    shown = json.loads(COMMANDS)
    for command in (*reply["commands"], *shown["commands"]):
        assert command.pop("n") > 1_000_000_000_000
    assert reply == shown


def test_every_frame_and_each_of_its_fields_is_on_the_page():
    rows = re.findall(r"^\| (`.*?) \| (`.*?) \| .*\|$", PAGE, re.MULTILINE)
    page = {
        kind: set(re.findall(r"`(\w+)`", row[1])) for row in rows for kind in re.findall(r"`(\w+)`", row[0])
    }

    for frame in get_args(frames.AnyFrame):
        fields = {field.encode_name for field in msgspec.structs.fields(frame)}
        assert fields <= page[frame.__struct_config__.tag], frame
