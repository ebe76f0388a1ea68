"""Ends of answers as servers send them, in steps that each wire writes in its own way.

`complete` and `cut` say what a caller gets: the text and the finish reason, or the text and the error. Both
may differ between wires with a terminal frame (`[DONE]`, Ollama's `done: true`) and wires without one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from wires import DONE, LOST, Wire

USAGE = {"usage": (3, 2)}
ERROR = {"error": "the engine stopped"}
TRUNCATED, CONNECTION_LOST, PROVIDER = "TruncatedStreamError", "ConnectionLostError", "ProviderError"


class Input(NamedTuple):
    """`terminal` and `plain` are what callers get on a wire with a terminal frame, and on one without.

    A finish reason stands for a complete answer, the name of an error for one that is not. None: the wire has
    no such thing.
    """

    name: str
    steps: tuple[Any, ...]
    text: str
    terminal: str | None
    plain: str | None

    def gets(self, wire: Wire) -> str | None:
        """What callers get on this wire; None if the wire can't write it."""
        if wire.name == "Ollama":
            # A word is the terminal frame: nothing is read after it.
            return self.plain if self.is_plain else None
        gets = self.terminal if wire.has_terminal else self.plain
        steps = (step for step in self.steps if step != LOST)
        return None if any(wire.encode(step) is None for step in steps) else gets

    @property
    def is_plain(self) -> bool:
        """Whether no step follows a finish word, and each word is one that Ollama knows."""
        words = [number for number, step in enumerate(self.steps) if "finish" in step]
        known = all(self.steps[number]["finish"] in ("stop", "length") for number in words)
        return DONE not in self.steps and known and words in ([], [len(self.steps) - 1])


def _text(text: str, **fields: Any) -> dict[str, Any]:
    return {"text": text, **fields}


def _word(finish: str, **fields: Any) -> dict[str, Any]:
    return {"finish": finish, **fields}


STOP, LENGTH, CALLS, FILTER = _word("stop"), _word("length"), _word("tool_calls"), _word("content_filter")
HEL, LO, HELLO = _text("Hel"), _text("lo"), (_text("Hel"), _text("lo"))
EMPTY = _text("", finish="stop")
STOPPED = (_text("Hel", finish="stop"), _text("lo", finish="stop"))

INPUTS = [
    Input("text, word, terminal frame", (*HELLO, STOP, DONE), "Hello", "stop", None),
    Input("text, word", (*HELLO, STOP), "Hello", "stop", "stop"),
    Input("the word with the last text", (HEL, _text("lo", finish="stop")), "Hello", "stop", "stop"),
    Input("the word with the only text", (_text("Hello", finish="stop"),), "Hello", "stop", "stop"),
    Input("counts after the word", (*HELLO, STOP, USAGE), "Hello", "stop", "stop"),
    Input("counts after the word, terminal frame", (*HELLO, STOP, USAGE, DONE), "Hello", "stop", None),
    Input("counts with the word", (*HELLO, {**STOP, **USAGE}), "Hello", "stop", "stop"),
    Input("length", (*HELLO, LENGTH), "Hello", "length", "length"),
    Input("a filter", (*HELLO, FILTER), "Hello", "content_filter", "content_filter"),
    Input("a filter before any text", (FILTER,), "", "content_filter", "content_filter"),
    Input("a filter, then lost", (HEL, FILTER, LOST), "Hel", "content_filter", "content_filter"),
    Input("lost after the word", (*HELLO, STOP, LOST), "Hello", "stop", "stop"),
    Input("lost after the word with text", (HEL, _text("lo", finish="stop"), LOST), "Hello", "stop", "stop"),
    Input("text after the word", (_text("Hel", finish="stop"), LO, STOP, DONE), "Hello", "stop", None),
    Input("text after the word, no terminal frame", (HEL, STOP, LO, STOP), "Hello", TRUNCATED, "stop"),
    Input("a word on every frame", (*STOPPED, DONE), "Hello", "stop", None),
    Input("a word on every frame, no terminal frame", STOPPED, "Hello", TRUNCATED, "stop"),
    Input("a word on every frame, lost", (*STOPPED, LOST), "Hello", CONNECTION_LOST, CONNECTION_LOST),
    Input("a word on every frame, counts, end", (*STOPPED, USAGE), "Hello", TRUNCATED, TRUNCATED),
    Input("a word on every frame, counts, terminal frame", (*STOPPED, USAGE, DONE), "Hello", "stop", None),
    Input("a word first", (STOP, *HELLO, STOP, DONE), "Hello", "stop", None),
    Input("a word first, no terminal frame", (STOP, *HELLO, STOP), "Hello", TRUNCATED, "stop"),
    Input("a word first, and none after", (STOP, *HELLO, DONE), "Hello", TRUNCATED, None),
    Input("a word first, cut", (STOP, *HELLO), "Hello", TRUNCATED, TRUNCATED),
    Input(
        "a word on the empty first frame",
        (_text("", finish="stop"), *HELLO, STOP, DONE),
        "Hello",
        "stop",
        None,
    ),
    Input("a word between, and none after", (HEL, STOP, LO, DONE), "Hello", TRUNCATED, None),
    Input("a word between, cut", (HEL, STOP, LO), "Hello", TRUNCATED, TRUNCATED),
    Input("a word between, lost", (HEL, STOP, LO, LOST), "Hello", CONNECTION_LOST, CONNECTION_LOST),
    Input("another word later", (HEL, STOP, LO, LENGTH, DONE), "Hello", "length", None),
    Input("another word later, no terminal frame", (HEL, STOP, LO, LENGTH), "Hello", TRUNCATED, "length"),
    Input("a filter later", (HEL, STOP, LO, FILTER), "Hello", "content_filter", "content_filter"),
    Input("stop after length", (*HELLO, LENGTH, STOP), "Hello", "length", "length"),
    Input("length after stop", (*HELLO, STOP, LENGTH), "Hello", "length", "length"),
    Input("stop twice", (*HELLO, STOP, STOP), "Hello", "stop", "stop"),
    Input("stop after tool_calls", (*HELLO, CALLS, STOP, DONE), "Hello", "tool_calls", None),
    Input("an unknown word", (*HELLO, _word("tomorrow"), DONE), "Hello", "stop", None),
    Input("an unknown word, no terminal frame", (*HELLO, _word("tomorrow")), "Hello", TRUNCATED, "stop"),
    Input("an unknown word, lost", (HEL, _word("tomorrow"), LOST), "Hel", CONNECTION_LOST, CONNECTION_LOST),
    Input("an empty answer", (STOP, DONE), "", "stop", None),
    Input("an empty answer with counts", (STOP, USAGE, DONE), "", "stop", None),
    Input("an empty answer, no terminal frame", (STOP,), "", TRUNCATED, "stop"),
    Input("an empty answer, lost", (STOP, LOST), "", CONNECTION_LOST, CONNECTION_LOST),
    Input("no word", HELLO, "Hello", TRUNCATED, TRUNCATED),
    Input("no word, terminal frame", (*HELLO, DONE), "Hello", TRUNCATED, None),
    Input("no word, counts, terminal frame", (*HELLO, USAGE, DONE), "Hello", TRUNCATED, None),
    Input("no word, counts", (*HELLO, USAGE), "Hello", TRUNCATED, TRUNCATED),
    Input("no word, lost", (*HELLO, LOST), "Hello", CONNECTION_LOST, CONNECTION_LOST),
    Input("an empty word", (*HELLO, _word(""), DONE), "Hello", TRUNCATED, None),
    Input("the word null", (*HELLO, _word("null"), DONE), "Hello", TRUNCATED, None),
    Input("an error after text", (HEL, ERROR), "Hel", PROVIDER, PROVIDER),
    Input("an error after the word", (HEL, STOP, ERROR), "Hel", PROVIDER, PROVIDER),
    Input(
        "an error after the word with text", (_text("Hel", finish="stop"), ERROR), "Hel", PROVIDER, PROVIDER
    ),
    Input("an error after the word and counts", (HEL, STOP, USAGE, ERROR, DONE), "Hel", PROVIDER, None),
    Input("text after the terminal frame", (HEL, STOP, DONE, LO), "Hel", "stop", None),
    Input("an error after the terminal frame", (HEL, STOP, DONE, ERROR), "Hel", "stop", None),
    Input("lost after the terminal frame", (HEL, STOP, DONE, LOST), "Hel", "stop", None),
    Input("nothing", (), "", TRUNCATED, TRUNCATED),
    Input("the terminal frame alone", (DONE,), "", TRUNCATED, None),
    Input("counts alone", (USAGE, DONE), "", TRUNCATED, None),
]
