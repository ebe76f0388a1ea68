"""Calls in a process of their own, to test what a conversation needs to go on elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_PROGRAM = """
import json, sys
from modelstream import load_model
call = json.load(sys.stdin)
response = load_model(call["config"])(call["messages"], **call["arguments"])
response.get_text()
json.dump(response.message, sys.stdout)
"""


def call_in_new_process(
    config: Mapping[str, Any], messages: Sequence[Mapping[str, Any]], **arguments: Any
) -> dict[str, Any]:
    """Call a model from a new process, to which all goes as JSON; returns the message of its answer.

    `config` has the `model_type` of an installed plugin.
    """
    call = {"config": {"config_name": "turn", **config}, "messages": messages, "arguments": arguments}
    done = subprocess.run(  # noqa: S603 - it runs this Python, with a program of ours
        [sys.executable, "-c", _PROGRAM],
        input=json.dumps(call),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise AssertionError(f"the call failed in the new process:\n{done.stderr}")
    message: dict[str, Any] = json.loads(done.stdout)
    return message
