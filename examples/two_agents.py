"""Two agents talk, and every sink of the program shows their text as it streams.

    pip install modelstream modelstream-terminal
    python examples/two_agents.py

Both agents have a scripted model, so the conversation is the same each time and needs no provider. To use
real models, replace the `ScriptedChat` objects, for example with `modelstream.load_model("my-gpt")`. With
`sinks=["terminal", "studio"]` the conversation appears in the browser as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import modelstream
from modelstream import DialogAgent, Message, Msg, Snapshot
from modelstream.testing import ScriptedChat

CRITIC = ScriptedChat(
    answers=[
        ["Too long. ", "Say it in one line."],
        ["Better. ", "Print it."],
    ]
)
WRITER = ScriptedChat(
    answers=[
        ["The sky is blue because air scatters ", "short waves of sunlight more than long ones."],
        ["Air scatters blue light most."],
    ]
)


def count_characters(totals: Counter[str]) -> Callable[[Message, Snapshot], None]:
    """Create a sink that is a function: it counts the characters of each agent."""

    def sink(message: Message, snapshot: Snapshot) -> None:
        totals[message.name] += len(snapshot.delta)

    return sink


def main() -> Counter[str]:
    """Let them take turns until the critic is satisfied; returns the number of characters of each."""
    totals: Counter[str] = Counter()
    modelstream.init(sinks=["terminal", count_characters(totals)])
    writer = DialogAgent("Writer", "You explain things.", WRITER)
    critic = DialogAgent("Critic", "You shorten what others wrote.", CRITIC)

    line = Msg("Host", "Why is the sky blue?", "user")
    while "Print it." not in str(line.content):
        line = critic(writer(line))
    print(f"{dict(totals)}")
    return totals


if __name__ == "__main__":
    main()
