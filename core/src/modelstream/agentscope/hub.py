"""A group of agents that observe each other's replies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from modelstream.agents import AgentBase, Msg


class MsgHub:
    """While the `with` block runs, each participant observes the replies of all others.

    `announcement` is observed by all of them first.
    """

    def __init__(
        self, participants: Sequence[AgentBase], announcement: Msg | Iterable[Msg] | None = None
    ) -> None:
        self.participants = list(participants)
        self.announcement = announcement

    def __enter__(self) -> Self:
        self._update_audiences()
        self.broadcast(self.announcement)
        return self

    def __exit__(self, *exc: object) -> None:
        for agent in self.participants:
            agent.clear_audience()

    def add(self, new_participant: AgentBase | Iterable[AgentBase]) -> None:
        """Add agents to the group."""
        self.participants += [agent for agent in _agents(new_participant) if agent not in self.participants]
        self._update_audiences()

    def delete(self, participant: AgentBase | Iterable[AgentBase]) -> None:
        """Remove agents from the group."""
        leaving = _agents(participant)
        for agent in leaving:
            agent.clear_audience()
        self.participants = [agent for agent in self.participants if agent not in leaving]
        self._update_audiences()

    def broadcast(self, msg: Msg | Iterable[Msg] | None) -> None:
        """Let all participants observe a message."""
        for agent in self.participants:
            agent.observe(msg)

    def _update_audiences(self) -> None:
        for agent in self.participants:
            agent.reset_audience(self.participants)


def msghub(participants: Sequence[AgentBase], announcement: Msg | Iterable[Msg] | None = None) -> MsgHub:
    """A `MsgHub`, for a `with` statement."""
    return MsgHub(participants, announcement)


def _agents(agents: AgentBase | Iterable[AgentBase]) -> list[AgentBase]:
    return [agents] if isinstance(agents, AgentBase) else list(agents)
