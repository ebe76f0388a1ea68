"""A tool loop: the model calls functions of the program, gets their results, and answers.

    pip install modelstream
    python examples/tool_loop.py

The scripted model asks for the weather of two towns, then answers. To use a real model
that supports tools, replace `MODEL` with `modelstream.load_model("my-gpt")`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelstream.testing import ScriptedChat

if TYPE_CHECKING:
    from modelstream import ModelWrapper, ToolCall

MOST_TURNS = 5


def weather(town: str) -> str:
    """The weather in a town, as a service would report it."""
    return {"Paris": "18 °C, cloudy", "Oslo": "9 °C, rain"}[town]


TOOLS: dict[str, Callable[..., str]] = {"weather": weather}

SCHEMAS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a town, now.",
            "parameters": {
                "type": "object",
                "properties": {"town": {"type": "string"}},
                "required": ["town"],
            },
        },
    }
]

MODEL = ScriptedChat(
    answers=[
        [
            "Let me look. ",
            {"tool_call": {"name": "weather", "arguments": {"town": "Paris"}}},
            {"tool_call": {"name": "weather", "arguments": {"town": "Oslo"}}},
        ],
        ["Paris has 18 °C, ", "and Oslo 9 °C and rain."],
    ]
)


def answer(model: ModelWrapper, question: str) -> str:
    """Ask, and call the functions that the model requests until it requests none."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
    for _ in range(MOST_TURNS):
        response = model(messages, stream=True, tools=SCHEMAS)
        for snapshot in response.stream:
            print(snapshot.delta, end="", flush=True)
        print()
        message = response.message
        if message is None or "tool_calls" not in message:
            return response.text
        messages.append(message)
        messages += [tool_message(call) for call in response.tool_calls if call.complete]
    raise RuntimeError(f"the model still calls tools after {MOST_TURNS} turns")


def tool_message(call: ToolCall) -> dict[str, Any]:
    """The function's result. Errors are sent as well, so that the model can correct its call."""
    try:
        result = TOOLS[call.name](**json.loads(call.arguments))
    except (KeyError, TypeError, ValueError) as error:
        result = f"error: {error!r}"
    print(f"  {call.name}({call.arguments}) = {result}")
    return {"role": "tool", "tool_call_id": call.id, "content": result}


if __name__ == "__main__":
    answer(MODEL, "Is it warmer in Paris or in Oslo?")
