"""What agents say to each other."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, Self, cast

from modelstream.agents.blocks import Block, block_of_url, chat_messages, checked_blocks

Role = Literal["system", "user", "assistant"]
ROLES = ("system", "user", "assistant")


class Msg:
    """A message: who says what, in which role.

    `content` is a str or a list of content blocks (see `modelstream.agents.blocks`). `url`, one or several,
    is put behind it as a block each. `echo` shows the message at once. A wrong role or block is a
    `ValueError`. `id` and `timestamp` (local time) are made unless they are given.
    """

    def __init__(  # noqa: PLR0917 - the order of AgentScope 0.1
        self,
        name: str,
        content: str | Iterable[Block] | None,
        role: Role,
        metadata: Any = None,
        echo: bool = False,  # noqa: FBT002
        url: str | list[str] | None = None,
        *,
        timestamp: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> None:
        self.id: str = id or uuid.uuid4().hex
        self.name = name
        self.role = role
        self.content = content
        self.metadata = metadata
        self.timestamp: str = timestamp or f"{datetime.now():%Y-%m-%d %H:%M:%S}"  # noqa: DTZ005
        if url is not None:
            urls = [url] if isinstance(url, str) else url
            self.content = [*self.get_content_blocks(), *map(block_of_url, urls)]
        if echo:
            from modelstream.agents.log import log_msg

            log_msg(self)

    @property
    def role(self) -> Role:
        """`system`, `user` or `assistant`."""
        return self._role

    @role.setter
    def role(self, value: Role) -> None:
        if value not in ROLES:
            raise ValueError(f"Msg role is {value!r}; expected one of {', '.join(ROLES)}.")
        self._role = value

    @property
    def content(self) -> str | list[Block]:
        """What is said: a str or a list of content blocks. None becomes the empty list, as in AgentScope."""
        return self._content

    @content.setter
    def content(self, value: Any) -> None:
        self._content: str | list[Block]
        if isinstance(value, str):
            self._content = value
        elif value is None:
            self._content = []
        elif isinstance(value, Iterable) and not isinstance(value, bytes | Mapping):
            self._content = checked_blocks(value)
        else:
            self._content = str(value)

    def get_text_content(self) -> str | None:
        """All text of the message, or None if none of its blocks is text."""
        if isinstance(self._content, str):
            return self._content
        texts = [str(block.get("text", "")) for block in self._content if block["type"] == "text"]
        return "".join(texts) if texts else None

    def get_content_blocks(self, block_type: str | None = None) -> list[Block]:
        """The content as blocks, or those of one type; a str is one text block."""
        blocks = self._content
        if isinstance(blocks, str):
            blocks = [{"type": "text", "text": blocks}]
        return [block for block in blocks if block_type in (None, block["type"])]

    def to_chat_messages(self) -> list[dict[str, Any]]:
        """What a provider gets: dicts with `role`, `name` and `content`, one more for each tool result."""
        if isinstance(self._content, str):
            return [{"role": self._role, "name": self.name, "content": self._content}]
        return chat_messages(self._role, self.name, self._content)

    def to_dict(self) -> dict[str, Any]:
        """The message as a dict that `from_dict` reads."""
        return {
            "id": self.id,
            "name": self.name,
            "role": self._role,
            "content": self._content,
            "metadata": self.metadata,
            "timestamp": self.timestamp,
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """The message that `to_dict` wrote, here or in AgentScope 0.1; `ValueError` if a field is missing."""
        for field in ("name", "content", "role"):
            if field not in fields:
                raise ValueError(f"Msg.from_dict: field {field!r} is missing.")
        return cls(
            fields["name"],
            fields["content"],
            cast("Role", fields["role"]),
            fields.get("metadata"),
            url=fields.get("url"),
            timestamp=fields.get("timestamp"),
            id=fields.get("id"),
        )

    def __repr__(self) -> str:
        return f"Msg(name={self.name!r}, content={self._content!r}, role={self._role!r}, id={self.id!r})"
