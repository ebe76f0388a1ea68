"""The agent that represents the user."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from modelstream.agents.base import AgentBase
from modelstream.agents.msg import Msg
from modelstream.agents.user_input import ask_user

if TYPE_CHECKING:
    from modelstream.agents.blocks import Block


class UserInputData(NamedTuple):
    """The input of a user: the message as content blocks, and the values of requested fields."""

    blocks_input: list[Block] | None = None
    structured_input: dict[str, Any] | None = None


class UserInputBase:
    """A custom input method, for `override_input_method`; any callable with this signature works."""

    def __call__(
        self, agent_id: str, agent_name: str, *, structured_schema: type[Any] | None = None
    ) -> UserInputData:
        """Ask the user, and return the input."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__ method: implement it.")


InputMethod = Callable[..., UserInputData]


class UserAgent(AgentBase):
    """Replies with the user's input, from the terminal or any sink that can ask: the first answer wins.

    `input_hint` is the prompt; `require_url` also asks for the URL of something to go with it. Calling the
    agent raises `EOFError` at the end of the input, and `KeyboardInterrupt` on Ctrl-C.
    """

    _input_method: InputMethod | None = None

    def __init__(
        self,
        name: str = "User",
        input_hint: str = "User Input: ",
        require_url: bool = False,  # noqa: FBT002 - the order of AgentScope 0.1
    ) -> None:
        super().__init__(name)
        self.input_hint = input_hint
        self.require_url = require_url

    if TYPE_CHECKING:

        def __call__(
            self,
            x: Msg | Iterable[Msg] | None = None,
            structured_output: type[Any] | None = None,
            required_keys: str | Sequence[str] | None = None,
        ) -> Msg:
            """Reply, and let the audience observe the reply."""

    def reply(
        self,
        x: Msg | Iterable[Msg] | None = None,
        structured_output: type[Any] | None = None,
        required_keys: str | Sequence[str] | None = None,
    ) -> Msg:
        """Ask the user, and return the answer as a message.

        `structured_output` is a pydantic model whose fields the user is asked for, `required_keys` are names
        of further texts; the values of both are in the message's `metadata`.
        """
        if self.memory is not None:
            self.memory.add(x)
        ask = self._input_method or self._ask
        data = ask(self.agent_id, self.name, structured_schema=structured_output)
        keys = [required_keys] if isinstance(required_keys, str) else required_keys or ()
        metadata = {**(data.structured_input or {}), **{key: self._line(f"{key}: ") for key in keys}}
        url = self._line("URL: ") if self.require_url else None
        msg = Msg(self.name, _content(data.blocks_input), "user", metadata or None, url=url or None)
        self.speak(msg)
        if self.memory is not None:
            self.memory.add(msg)
        return msg

    def override_input_method(self, input_method: InputMethod) -> None:
        """Set the input method of this agent."""
        self._input_method = input_method

    @classmethod
    def override_class_input_method(cls, input_method: InputMethod) -> None:
        """Set the input method of all agents of this class."""
        # A plain function would become a method and get the agent as an extra argument.
        cls._input_method = staticmethod(input_method)

    def _ask(
        self, agent_id: str, agent_name: str, *, structured_schema: type[Any] | None = None
    ) -> UserInputData:
        blocks: list[Block] = [{"type": "text", "text": self._line(self.input_hint)}]
        return UserInputData(
            blocks, None if structured_schema is None else self._structured(structured_schema)
        )

    def _line(self, prompt: str) -> str:
        return ask_user(self.name, prompt)

    def _structured(self, model: type[Any]) -> dict[str, Any]:
        """Ask for the fields of a pydantic model one by one; repeat those with an invalid value."""
        properties: dict[str, dict[str, Any]] = model.model_json_schema().get("properties", {})
        values: dict[str, Any] = {}
        pending = dict.fromkeys(properties, "")
        while True:
            for key, problem in pending.items():
                self._field(key, properties[key], problem, values)
            try:
                filled: dict[str, Any] = model.model_validate(values).model_dump(mode="json")
            except ValueError as error:  # pydantic's ValidationError, without importing pydantic
                pending = _problems(error) or {key: str(error) for key in properties}
            else:
                return filled

    def _field(self, key: str, field: dict[str, Any], problem: str, values: dict[str, Any]) -> None:
        kind = f" ({field['type']})" if "type" in field else ""
        text = self._line(f"{problem and f'{problem}. '}{key}{kind}: ")
        if text:
            values[key] = _value(text, field.get("type"))
        else:
            values.pop(key, None)  # its default, if it has one


def _content(blocks: list[Block] | None) -> str | list[Block] | None:
    """A single text block as a str."""
    if blocks and len(blocks) == 1 and blocks[0].get("type") == "text":
        return str(blocks[0].get("text", ""))
    return blocks


def _value(text: str, kind: str | None) -> Any:
    """The text, which the model converts; a value that is not a string may be JSON."""
    if kind == "string":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if kind is not None or isinstance(value, list | dict) else text


def _problems(error: Any) -> dict[str, str]:
    """The error messages by field."""
    return {str(one["loc"][0]): one["msg"] for one in error.errors() if one["loc"]}
