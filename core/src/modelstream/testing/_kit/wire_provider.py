"""Plays scenarios to wrappers of HTTP providers: on a real server, in the bytes of a wire."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from modelstream.deltas import TextDelta
from modelstream.testing._kit.encoded import EncodedScenario
from modelstream.testing._kit.features import Features
from modelstream.testing._kit.scenario import ERROR_MESSAGE, Fault, Scenario
from modelstream.testing._kit.script import Script
from modelstream.testing.server import Answer, Connection, End, Gate, LoopbackServer, Moment, refused_url

if TYPE_CHECKING:
    from modelstream.wire.writing import Wire

JSON = {"Content-Type": "application/json"}

MOST_SHOWN = 30
"""Pieces that the report of a broken law shows one by one."""

_ENDS = {Fault.CUT: End.CUT, Fault.RESET: End.RESET}


class WireProvider:
    """Plays scenarios on its own server, in the bytes of a wire."""

    in_process = False

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.features = Features.of(wire)
        self.server = LoopbackServer()
        self._played: list[Answer] = []

    @property
    def url(self) -> str:
        """The `base_url` for wrappers under test."""
        return self.server.url + self.wire.path

    @property
    def unreachable_url(self) -> str:
        """A `base_url` where no server listens."""
        return refused_url() + self.wire.path

    def another(self) -> WireProvider:
        """Another provider, at a different URL."""
        return WireProvider(self.wire)

    def play(self, *scenarios: Scenario) -> None:
        """Set the scenarios of the next calls; the last one is repeated."""
        self._played = []
        self.answer(*map(self.answer_for, scenarios))

    def answer(self, *answers: Answer) -> None:
        """Set the answers to the next requests; the last one is repeated."""
        self._played = list(answers)
        self.server.requests.clear()
        self.server.play(*answers)

    def refuse(self, status: int, headers: dict[str, str] | None = None) -> Answer:
        """An answer that refuses a request."""
        body = self.wire.payload(self.wire.refusal(status, "test_code", ERROR_MESSAGE))
        return Answer([body], status, {**JSON, **(headers or {})}, framing="length")

    def whole_body(self) -> bytes:
        """The body of a short answer that is not streamed."""
        return self._whole(Script([TextDelta("Hello")]))

    def _whole(self, script: Script) -> bytes:
        return self.wire.payload(self.wire.whole(script.with_raw_finish(self.wire.finishes)))

    @property
    def calls(self) -> int:
        """The number of requests since the last `play`."""
        return len(self.server.requests)

    def connection(self) -> Connection:
        """The connection of the last request."""
        last = self.server.requests[-1]
        return next(
            one for one in self.server.connections if any(last is request for request in one.requests)
        )

    def wait_released(self, seconds: float) -> bool:
        """Wait until the connection of the last call is closed; return whether it was within `seconds`."""
        return self.connection().disconnected.wait(seconds)

    def open_calls(self) -> int:
        """How many connections are still open."""
        return sum(not connection.disconnected.is_set() for connection in self.server.connections)

    def close(self) -> None:
        """Stop the server."""
        self.server.close()

    def answer_for(self, scenario: Scenario) -> Answer:
        """The scenario as an answer of the server."""
        if scenario.whole:
            body = [self._whole(scenario.script)]
            return Answer(body, 200, JSON, framing="length", before=scenario.before_headers)
        return Answer(
            EncodedScenario(self.wire, scenario).body,
            headers={"Content-Type": self.wire.content_type},
            end=_ENDS.get(scenario.fault, End.VALID) if scenario.fault else End.VALID,
            framing="chunked" if scenario.fault is Fault.CUT else scenario.style.framing,
            before=scenario.before_headers,
        )

    def report(self) -> list[str]:
        """The bytes of the answers that were set last, with the waits between them."""
        return [line for answer in self._played for line in _lines(answer)]


def _lines(answer: Answer) -> list[str]:
    lines = [f"HTTP {answer.status}" if answer.status else "no headers"]
    body = [piece for piece in answer.body if not isinstance(piece, Moment)]
    for is_gate, pieces in groupby(body, lambda piece: isinstance(piece, Gate)):
        lines += ["(waits for the reader)"] if is_gate else _shown([*pieces])  # type: ignore[list-item]
    return [*lines, f"({answer.end.value})"]


def _shown(pieces: list[bytes], limit: int = 400) -> list[str]:
    """The pieces for a report; if there are many, only their number and the whole body."""
    if len(pieces) > MOST_SHOWN:
        whole = b"".join(pieces)
        return [
            f"in {len(pieces)} pieces of about {len(whole) // len(pieces)} bytes:",
            *_shown([whole], 4 * limit),
        ]
    shown = map(repr, pieces)
    return [text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)" for text in shown]
