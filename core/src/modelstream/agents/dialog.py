"""The agent that answers with a model."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from modelstream.agents.base import AgentBase
from modelstream.agents.msg import Msg
from modelstream.agents.viewpoint import as_seen_by

logger = logging.getLogger("modelstream.agents")


class DialogAgent(AgentBase):
    """Answers with a model, remembers the conversation, and shows its answer while it streams.

    Messages that it receives stay in memory even if the model then fails; its answer is added when complete.
    """

    def __init__(
        self,
        name: str,
        sys_prompt: str | None,
        model_config_name: Any,
        use_memory: bool = True,  # noqa: FBT002 - the order of AgentScope 0.1
        **others: Any,
    ) -> None:
        super().__init__(name, sys_prompt, model_config_name, use_memory)
        if others:
            logger.warning("DialogAgent %s: %s have no effect", name, ", ".join(others))

    if TYPE_CHECKING:

        def __call__(self, x: Msg | Iterable[Msg] | None = None) -> Msg:
            """Reply, and let the audience observe the reply."""

    def reply(self, x: Msg | Iterable[Msg] | None = None) -> Msg:
        """Answer `x` and what is in memory. Raises the `StreamError` of a model that fails."""
        if self.memory is not None:
            self.memory.add(x)
        response = self.model(self._prompt(x))
        # A subclass that overrides speak() may expect the arguments of AgentScope 0.1.
        plain = type(self).speak is not AgentBase.speak
        self.speak((response.stream or response.text) if plain else response)
        text = response.text
        message = response.message or {}
        msg = Msg(self.name, text, "assistant", provider_state=message.get("provider_state"))
        if self.memory is not None:
            self.memory.add(msg)
        return msg

    def _prompt(self, x: Msg | Iterable[Msg] | None) -> Any:
        if self.memory is not None:
            messages = self.memory.get_memory()
        else:
            messages = [x] if isinstance(x, Msg) else list(x or [])
        system = Msg("system", self.sys_prompt, "system") if self.sys_prompt else None
        return self.model.format(system, as_seen_by(self.name, messages))
