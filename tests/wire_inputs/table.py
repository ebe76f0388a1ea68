"""Writes docs/reference/wires.md from the inputs of these tests.

python tests/wire_inputs/table.py
"""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import ends
import openai_inputs
import through_litellm
from wires import DONE, LOST, WIRES

LITELLM = [*through_litellm.STREAMED, *through_litellm.WHOLE]

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "wires.md"
BEGIN, END = "<!-- inputs: generated -->", "<!-- end of inputs -->"
LONGEST = 300
"""Characters of a body that are shown."""


def step(one: Any) -> str:
    """A step of an answer, in words."""
    if one in (DONE, LOST):
        return "terminal frame" if one == DONE else "connection lost"
    parts = [f"“{one['text']}”"] if one.get("text") else ["empty text"] if "text" in one else []
    parts += [f"word `{one['finish']}`"] if one.get("finish") else ["empty word"] if "finish" in one else []
    parts += ["counts"] if "usage" in one else []
    parts += ["error"] if "error" in one else []
    return " with ".join(parts)


def cell(text: str) -> str:
    """Text that can stand in a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def sent(body: tuple[bytes, ...]) -> str:
    """The frames of a body, without what all of them have."""
    lines = b"".join(body).decode("utf-8", "backslashreplace").splitlines()
    shown = " · ".join(frame(line.removeprefix("data: ")) for line in lines if line.strip())
    shown = shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
    return f"`{cell(shown.replace('`', ' '))}`"


def frame(line: str) -> str:
    """A frame; of one with a single choice, that choice alone."""
    try:
        document = json.loads(line)
        (choice,) = document["choices"]
        if document.keys() - {"choices", "object"}:
            return line
        kept = {name: value for name, value in choice.items() if value not in (0, None, {})}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, TypeError, KeyError, AttributeError):
        return line.encode("unicode_escape").decode().replace("\\\\", "\\")


def ends_table() -> list[str]:
    """The ends of answers, on each wire."""
    names = " | ".join(wire.name for wire in WIRES)
    lines = ["## Ends", "", f"| | what the server sends | text | {names} |"]
    lines.append(f"|---|---|---|{'---|' * len(WIRES)}")
    for one in ends.INPUTS:
        steps = " · ".join(map(step, one.steps)) or "nothing"
        gets = [f"`{found}`" if (found := one.gets(wire)) else "–" for wire in WIRES]
        lines.append(f"| {one.name} | {steps} | {one.text} | {' | '.join(gets)} |")
    return lines


def openai_tables() -> list[str]:
    """The inputs of OpenAI's wire, by kind."""
    lines: list[str] = []
    for kind, inputs in groupby(openai_inputs.INPUTS, lambda one: one.kind):
        lines += ["", f"## OpenAI's wire: {kind}", ""]
        lines += ["| | what the server sends | what callers get |", "|---|---|---|"]
        lines += [f"| {cell(one.name)} | {sent(one.body)} | {cell(one.gets)} |" for one in inputs]
    return lines


def litellm_table() -> list[str]:
    """The inputs of the wires that LiteLLM reads."""
    lines = ["", "## Through LiteLLM", "", "| model | | text | what callers get |", "|---|---|---|---|"]
    for one in LITELLM:
        gets = one.gets if isinstance(one.gets, str) else one.gets.__name__
        way = "streamed" if one in through_litellm.STREAMED else "whole"
        lines.append(f"| `{one.model}` | {cell(one.name)}, {way} | {cell(one.text)} | `{gets}` |")
    return lines


def page(old: str) -> str:
    """The page with new tables."""
    head, _, rest = old.partition(BEGIN)
    tail = rest.partition(END)[2]
    lines = [*ends_table(), *openai_tables(), *litellm_table()]
    return f"{head}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{tail}"


def count() -> int:
    """How many inputs there are, each counted once for each wire that can write it."""
    on_wires = sum(one.gets(wire) is not None for one in ends.INPUTS for wire in WIRES)
    return on_wires + len(openai_inputs.INPUTS) + len(LITELLM)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    sys.stdout.write(json.dumps({"inputs": count()}) + "\n")
