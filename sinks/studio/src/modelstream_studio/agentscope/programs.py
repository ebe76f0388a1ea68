"""All AgentScope programs of one Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelstream_studio.agentscope.program import Program
from modelstream_studio.frames import RunInfo

if TYPE_CHECKING:
    from modelstream_studio.server.hub import Hub


class Programs:
    """Finds programs by their run. `hub` is there as soon as anything was asked."""

    hub: Hub

    def __init__(self) -> None:
        self._of: dict[str, Program] = {}

    def begin(self, run: RunInfo) -> Program:
        """A program has said who it is."""
        before = self._of.pop(run.id, None)
        if before is not None:
            before.end()
        program = self._of[run.id] = Program(self.hub, run)
        program.greet()
        return program

    def of(self, run: str) -> Program:
        """The program of this run. One that is not known registered with a Studio that is no more."""
        program = self._of.get(run)
        if program is None or program.over:
            program = self._of[run] = Program(self.hub, RunInfo(run))
        return program
