"""All AgentScope programs of one Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelstream_studio.agentscope.program import Program
from modelstream_studio.frames import RunInfo

if TYPE_CHECKING:
    from modelstream_studio.server.hub import Hub


class Programs:
    """Finds programs by their run. `hub` is set by the first request."""

    hub: Hub

    def __init__(self) -> None:
        self._by_run: dict[str, Program] = {}

    def begin(self, run: RunInfo) -> Program:
        """Register a program."""
        before = self._by_run.pop(run.id, None)
        if before is not None:
            before.end()
        program = self._by_run[run.id] = Program(self.hub, run)
        program.announce()
        return program

    def of(self, run: str) -> Program:
        """The program of this run. An unknown one registered with an earlier Studio."""
        program = self._by_run.get(run)
        if program is None or program.over:
            program = self._by_run[run] = Program(self.hub, RunInfo(run))
        return program
