"""Where takes are performed for wrappers of HTTP providers: on a real server, in the bytes of a wire."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from modelstream.deltas import TextDelta
from modelstream.testing._kit.features import Features
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.sheet import Sheet
from modelstream.testing._kit.take import WHY, Fault, Take
from modelstream.testing.server import Answer, Connection, End, Gate, LoopbackServer, Moment, refused_url

if TYPE_CHECKING:
    from modelstream.wire.writing import Wire

JSON = {"Content-Type": "application/json"}

MOST_SHOWN = 30
"""Pieces that are shown one by one when a law is broken."""

_ENDS = {Fault.CUT: End.CUT, Fault.RESET: End.RESET}


class WireStage:
    """Performs takes on a server of its own, in the bytes of a wire."""

    in_process = False

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.features = Features.of(wire)
        self.server = LoopbackServer()
        self._played: list[Answer] = []

    @property
    def url(self) -> str:
        """The `base_url` of a wrapper that is to see the takes."""
        return self.server.url + self.wire.path

    @property
    def unreachable_url(self) -> str:
        """A `base_url` where nobody listens."""
        return refused_url() + self.wire.path

    def another(self) -> WireStage:
        """One more stage, at another address."""
        return WireStage(self.wire)

    def play(self, *takes: Take) -> None:
        """Perform these in the next calls, and the last of them in all that follow."""
        self._played = []
        self.answer(*map(self.performed, takes))

    def answer(self, *answers: Answer) -> None:
        """Answer the next requests like this."""
        self._played = list(answers)
        self.server.requests.clear()
        self.server.play(*answers)

    def refuse(self, status: int, headers: dict[str, str] | None = None) -> Answer:
        """The answer that refuses a request."""
        body = self.wire.payload(self.wire.refusal(status, "test_code", WHY))
        return Answer([body], status, {**JSON, **(headers or {})}, framing="length")

    def whole_body(self) -> bytes:
        """The body of some answer that is not streamed."""
        return self._whole(Script([TextDelta("Hello")]))

    def _whole(self, script: Script) -> bytes:
        return self.wire.payload(self.wire.whole(script.worded(self.wire.finishes)))

    @property
    def calls(self) -> int:
        """How often a wrapper has called since the last `play`."""
        return len(self.server.requests)

    def connection(self) -> Connection:
        """The connection that brought the last request."""
        last = self.server.requests[-1]
        return next(
            one for one in self.server.connections if any(last is request for request in one.requests)
        )

    def let_go(self, seconds: float) -> bool:
        """Whether the wrapper lets go of its last call within so many seconds."""
        return self.connection().disconnected.wait(seconds)

    def open_calls(self) -> int:
        """The connections that are still open."""
        return sum(not connection.disconnected.is_set() for connection in self.server.connections)

    def close(self) -> None:
        """Stop the server."""
        self.server.close()

    def performed(self, take: Take) -> Answer:
        """The answer that a take is."""
        if take.whole:
            body = [self._whole(take.script)]
            return Answer(body, 200, JSON, framing="length", before=take.before_headers)
        return Answer(
            Sheet(self.wire, take).body,
            headers={"Content-Type": self.wire.content_type},
            end=_ENDS.get(take.fault, End.VALID) if take.fault else End.VALID,
            framing="chunked" if take.fault is Fault.CUT else take.style.framing,
            before=take.before_headers,
        )

    def told(self) -> list[str]:
        """The bytes of what was played last, and what happened between them."""
        return [line for answer in self._played for line in _lines(answer)]


def _lines(answer: Answer) -> list[str]:
    lines = [f"HTTP {answer.status}" if answer.status else "no headers"]
    body = [piece for piece in answer.body if not isinstance(piece, Moment)]
    for is_gate, pieces in groupby(body, lambda piece: isinstance(piece, Gate)):
        lines += ["(waits for the reader)"] if is_gate else _shown([*pieces])  # type: ignore[list-item]
    return [*lines, f"({answer.end.value})"]


def _shown(pieces: list[bytes], limit: int = 400) -> list[str]:
    """Some pieces as they are shown; when they are many, only how many they are and what they make."""
    if len(pieces) > MOST_SHOWN:
        whole = b"".join(pieces)
        return [
            f"in {len(pieces)} pieces of about {len(whole) // len(pieces)} bytes:",
            *_shown([whole], 4 * limit),
        ]
    shown = map(repr, pieces)
    return [text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)" for text in shown]
