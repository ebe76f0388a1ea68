"""A tool loop: the model asks for functions of the program, gets what they return, and answers with it.

    pip install modelstream
    python examples/tool_loop.py

The scripted model asks for the weather of two towns, then answers. Any model that knows tools serves as well:
put `modelstream.load_model("my-gpt")` in the place of `MODEL`.
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
    """What a weather service would say."""
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
    """Ask, call the functions that the model wants called, and go on until it wants none."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
    for _ in range(MOST_TURNS):
        response = model(messages, stream=True, tools=SCHEMAS)
        for snapshot in response.stream:
            print(snapshot.delta, end="", flush=True)
        print()
        if not response.tool_calls:
            return response.text
        messages.append(assistant_message(response.text, response.tool_calls))
        messages += [tool_message(call) for call in response.tool_calls]
    raise RuntimeError(f"the model still asks for tools after {MOST_TURNS} turns")


def assistant_message(text: str, calls: list[ToolCall]) -> dict[str, Any]:
    """The model's own turn, as the next call must get it back."""
    wanted = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    return {"role": "assistant", "content": text, "tool_calls": wanted}


def tool_message(call: ToolCall) -> dict[str, Any]:
    """What the function returned. The model gets its own mistakes as well, and can correct them."""
    try:
        result = TOOLS[call.name](**json.loads(call.arguments))
    except (KeyError, TypeError, ValueError) as error:
        result = f"error: {error!r}"
    print(f"  {call.name}({call.arguments}) = {result}")
    return {"role": "tool", "tool_call_id": call.id, "content": result}


if __name__ == "__main__":
    answer(MODEL, "Is it warmer in Paris or in Oslo?")
