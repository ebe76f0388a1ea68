"""The agent that is a human."""

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
    """What a user has given: what is said, as content blocks, and values for what was asked besides."""

    blocks_input: list[Block] | None = None
    structured_input: dict[str, Any] | None = None


class UserInputBase:
    """Another way to ask the user, for `override_input_method`; any callable like it will do."""

    def __call__(
        self, agent_id: str, agent_name: str, *, structured_schema: type[Any] | None = None
    ) -> UserInputData:
        """Ask, and return what the user has given."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__ method: write one.")


InputMethod = Callable[..., UserInputData]


class UserAgent(AgentBase):
    """Replies with what the user types on the terminal, or answers on any sink that can ask: the first wins.

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
            """Reply, and have the audience observe what was said."""

    def reply(
        self,
        x: Msg | Iterable[Msg] | None = None,
        structured_output: type[Any] | None = None,
        required_keys: str | Sequence[str] | None = None,
    ) -> Msg:
        """Ask the user, and return the answer as a message.

        `structured_output` is a pydantic model whose fields the user is asked for, `required_keys` names of
        further texts; both are found in the message's `metadata`.
        """
        if self.memory is not None:
            self.memory.add(x)
        ask = self._input_method or self._ask
        given = ask(self.agent_id, self.name, structured_schema=structured_output)
        keys = [required_keys] if isinstance(required_keys, str) else required_keys or ()
        metadata = {**(given.structured_input or {}), **{key: self._line(f"{key}: ") for key in keys}}
        url = self._line("URL: ") if self.require_url else None
        msg = Msg(self.name, _content(given.blocks_input), "user", metadata or None, url=url or None)
        self.speak(msg)
        if self.memory is not None:
            self.memory.add(msg)
        return msg

    def override_input_method(self, input_method: InputMethod) -> None:
        """Have this agent ask in another way."""
        self._input_method = input_method

    @classmethod
    def override_class_input_method(cls, input_method: InputMethod) -> None:
        """Have all agents of this class ask in another way."""
        # A plain function would become a method, with the agent as one argument too many.
        cls._input_method = staticmethod(input_method)

    def _ask(
        self, agent_id: str, agent_name: str, *, structured_schema: type[Any] | None = None
    ) -> UserInputData:
        said: list[Block] = [{"type": "text", "text": self._line(self.input_hint)}]
        return UserInputData(said, None if structured_schema is None else self._structured(structured_schema))

    def _line(self, prompt: str) -> str:
        return ask_user(self.name, prompt)

    def _structured(self, model: type[Any]) -> dict[str, Any]:
        """The fields of a pydantic model, asked one by one; those with a wrong value again."""
        properties: dict[str, dict[str, Any]] = model.model_json_schema().get("properties", {})
        values: dict[str, Any] = {}
        asked = dict.fromkeys(properties, "")
        while True:
            for key, problem in asked.items():
                self._field(key, properties[key], problem, values)
            try:
                filled: dict[str, Any] = model.model_validate(values).model_dump(mode="json")
            except ValueError as error:  # pydantic's ValidationError, without importing pydantic
                asked = _problems(error) or {key: str(error) for key in properties}
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
    """One text alone as a str."""
    if blocks and len(blocks) == 1 and blocks[0].get("type") == "text":
        return str(blocks[0].get("text", ""))
    return blocks


def _value(text: str, kind: str | None) -> Any:
    """Text as it stands, for the model to convert, except for what only JSON can tell."""
    if kind == "string":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if kind is not None or isinstance(value, list | dict) else text


def _problems(error: Any) -> dict[str, str]:
    """What is wrong, by field."""
    return {str(one["loc"][0]): one["msg"] for one in error.errors() if one["loc"]}
