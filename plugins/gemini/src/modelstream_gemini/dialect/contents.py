"""Messages of a conversation as Gemini's contents: turns of the user and the model, each of parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from modelstream.errors import BadRequestError
from modelstream_gemini.dialect.parts import Part, to_parts
from modelstream_gemini.dialect.signatures import STAND_IN, signed_turn, state_items

if TYPE_CHECKING:
    from modelstream_gemini.dialect.signatures import Signatures

_ROLES = {"user": "user", "assistant": "model", "model": "model"}


class Conversation(NamedTuple):
    """The turns, and the system prompt, which is a separate field of the API."""

    contents: list[dict[str, Any]]
    system: list[Part]


def conversation(messages: Iterable[Mapping[str, Any]], signatures: Signatures) -> Conversation:
    """The messages (dicts with `role` and `content`, or with Gemini's `parts`) as turns.

    Neighbours of one role become one turn, so that the results of parallel calls are in one.
    """
    turns = _Turns(signatures)
    for at, message in enumerate(messages):
        turns.add(message, f"messages[{at}]")
    if not turns.contents and turns.system:
        # The API does not accept a system prompt alone.
        return Conversation([{"role": "user", "parts": turns.system}], [])
    return Conversation(turns.contents, turns.system)


def to_message(one: Any) -> Mapping[str, Any]:
    """One of the contents as a message: a turn unchanged, anything else as the user's."""
    if isinstance(one, Mapping) and ("parts" in one or "role" in one):
        return one
    return {"role": "user", "content": one if isinstance(one, list) else [one]}


class _Turns:
    def __init__(self, signatures: Signatures) -> None:
        self.contents: list[dict[str, Any]] = []
        self.system: list[Part] = []
        self._signatures = signatures
        self._names: dict[str, str] = {}

    def add(self, message: Mapping[str, Any], place: str) -> None:
        """Add one message."""
        role = message.get("role", "user")
        content = message.get("content")
        if "parts" in message:
            self._put(_ROLES.get(role, role), to_parts(message["parts"], f"{place}.parts"))
        elif role in {"system", "developer"}:
            self.system += to_parts(content, f"{place}.content")
        elif role in {"tool", "function"}:
            self._put("user", self._result(message, place))
        elif role in _ROLES:
            parts = to_parts(content, f"{place}.content")
            if role == "assistant":
                self._put("model", self._answer(message, parts, place))
            else:
                self._put(_ROLES[role], _named(message, parts))
        else:
            raise BadRequestError(f"{place} has the role {role!r}; expected system, user, assistant or tool")

    def _put(self, role: str, parts: list[Part]) -> None:
        if not parts:
            return
        if self.contents and self.contents[-1]["role"] == role:
            self.contents[-1]["parts"] += parts
        else:
            self.contents.append({"role": role, "parts": parts})

    def _answer(self, message: Mapping[str, Any], content: list[Part], place: str) -> list[Part]:
        """The parts of an answer of a model, those of Gemini's own with their signatures."""
        content = [part for part in content if part.get("text") != ""]
        calls = self._calls(message.get("tool_calls") or (), f"{place}.tool_calls")
        if items := state_items(message):
            return _named(message, signed_turn(content, calls, items))
        for at, part in enumerate(calls):
            call = part["functionCall"]
            # The API signs the first of parallel calls, and newer models refuse a turn without any signature.
            signature = self._signatures.of(call.get("id"), call["name"], call["args"])
            if signature := signature or (None if at else STAND_IN):
                part["thoughtSignature"] = signature
        return [*_named(message, content), *calls]

    def _calls(self, calls: Iterable[Mapping[str, Any]], place: str) -> list[Part]:
        parts: list[Part] = []
        for at, call in enumerate(calls):
            function = call.get("function") or {}
            name, call_id = str(function.get("name", "")), call.get("id")
            function_call: dict[str, Any] = {"name": name, "args": _arguments(function, f"{place}[{at}]")}
            if call_id:
                function_call["id"] = call_id
                self._names[call_id] = name
            parts.append({"functionCall": function_call})
        return parts

    def _result(self, message: Mapping[str, Any], place: str) -> list[Part]:
        """The result of a function, and what is not text in it, such as pictures, as parts after it."""
        call_id = message.get("tool_call_id")
        name = self._names.get(call_id or "") or message.get("name")
        if not name:
            raise BadRequestError(
                f"{place} is the result of an unknown call: no message before it has a tool call"
                f" with the id {call_id!r}.\nAdd the assistant's message with its tool_calls before it,"
                " or the function's 'name' to it."
            )
        content, media = message.get("content"), []
        if isinstance(content, list | tuple):
            parts = to_parts(content, f"{place}.content")
            content, media = _joined_text(parts), [part for part in parts if "text" not in part]
        result: dict[str, Any] = {"name": name, "response": _response(content)}
        return [{"functionResponse": {**result, "id": call_id} if call_id else result}, *media]


def _named(message: Mapping[str, Any], parts: list[Part]) -> list[Part]:
    """The parts with the speaker's name first, if the message has one: the API has no field for it."""
    name = message.get("name")
    if not name or not parts:
        return parts
    if "text" in parts[0]:
        return [{**parts[0], "text": f"{name}: {parts[0]['text']}"}, *parts[1:]]
    return [{"text": f"{name}:"}, *parts]


def _arguments(function: Mapping[str, Any], place: str) -> dict[str, Any]:
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments) if arguments.strip() else {}
        except ValueError as error:
            raise BadRequestError(f"{place}.function.arguments is not JSON ({error})") from error
    if arguments is None:
        return {}
    if not isinstance(arguments, dict):
        raise BadRequestError(
            f"{place}.function.arguments is {type(arguments).__name__}; expected a JSON object"
        )
    return arguments


def _joined_text(parts: Iterable[Part]) -> str:
    return "".join(str(part.get("text", "")) for part in parts)


def _response(content: Any) -> dict[str, Any]:
    """The result of a function as an object; another value goes under `output`, the API's own name for it."""
    if isinstance(content, Mapping):
        return dict(content)
    try:
        found = json.loads(content) if isinstance(content, str) else content
    except ValueError:
        found = content
    return found if isinstance(found, dict) else {"output": content}
