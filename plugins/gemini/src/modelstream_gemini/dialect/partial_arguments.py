"""Arguments of a function call that arrive value by value, as JSON text that only grows.

Each piece names its place by a JSON path, such as `$.trip.stops[0].city`, and has a value, or a part of a
string. They arrive in the order of the document, so a container is closed as soon as a piece lies outside of
it. A string stays open until the next value: whether it `willContinue` need not be believed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from modelstream.errors import MalformedDataError

Segment = str | int

LONGEST_GAP = 1000
"""Elements of a list that may be skipped; they become null."""

_EXACT = 2**53
_SEGMENT = re.compile(
    r"""\.?(?:(?P<name>[^.\[\]]+)|\[(?P<index>\d{1,9})\]|\[(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\])"""
)
_ESCAPE = re.compile(r'\\.|"')


class PartialArguments:
    """The JSON text of one call's arguments; its pieces are what `add` and `finish` return."""

    def __init__(self) -> None:
        self._containers: list[_Container] = []
        # The path of the string that is not closed yet.
        self._string: list[Segment] | None = None
        self._is_whole = False
        # The JSON text of each value that was added; that of a string is empty.
        self._values: dict[tuple[Segment, ...], str] = {}

    def add(self, pieces: Any) -> str:
        """The text for the `partialArgs` of one frame. Raises `MalformedDataError`."""
        if not isinstance(pieces, list):
            _fail(pieces)
        return "".join(map(self._add, pieces))

    def add_whole(self, arguments: Any) -> str:
        """The text for arguments that come as one object after all; empty if there is text already."""
        if self._containers or self._is_whole or not isinstance(arguments, Mapping) or not arguments:
            return ""
        self._is_whole = True
        return json.dumps(arguments, ensure_ascii=False)

    def finish(self) -> str:
        """The rest of the text, after the last piece."""
        if self._is_whole:
            return ""
        return self._close(0) if self._containers else "{}"

    def _add(self, piece: Any) -> str:
        if not isinstance(piece, Mapping):
            _fail(piece)
        path = parsed_path(piece.get("jsonPath"))
        text = piece.get("stringValue")
        if isinstance(text, str):
            escaped = json.dumps(text, ensure_ascii=False)[1:-1]
            if path == self._string:
                return escaped
            if not text and self._values.get(tuple(path)) == "":
                return ""  # the end of a string that other values have followed
            self._values[tuple(path)] = ""
            before = self._move_to(path)
            self._string = path
            return f'{before}"{escaped}'
        value = _plain_value(piece)
        if value is None or self._values.get(tuple(path)) == value:
            return ""
        before = self._move_to(path)
        self._values[tuple(path)] = value
        return before + value

    def _move_to(self, path: list[Segment]) -> str:
        """The text from the last value to the one at `path`: what is closed, opened and named."""
        if not path or not isinstance(path[0], str) or self._is_whole:
            _fail(path)
        text = self._end_of_string()
        if not self._containers:
            self._containers.append(_Container("", is_list=False))
            text += "{"
        depth = 1
        while depth < min(len(path), len(self._containers)):
            if self._containers[depth].segment != path[depth - 1]:
                break
            depth += 1
        text += self._close(depth)
        for segment, inner in zip(path[depth - 1 :], path[depth:], strict=False):
            text += self._containers[-1].begin(segment)
            self._containers.append(_Container(segment, is_list=isinstance(inner, int)))
            text += "[" if isinstance(inner, int) else "{"
        return text + self._containers[-1].begin(path[-1])

    def _end_of_string(self) -> str:
        quote = "" if self._string is None else '"'
        self._string = None
        return quote

    def _close(self, depth: int) -> str:
        """The text that closes all but the first `depth` containers."""
        text = self._end_of_string()
        closed, self._containers[depth:] = self._containers[depth:], []
        return text + "".join("]" if container.is_list else "}" for container in reversed(closed))


class _Container:
    """A list or an object that is not closed, and its place in its container."""

    def __init__(self, segment: Segment, *, is_list: bool) -> None:
        self.segment = segment
        self.is_list = is_list
        self._names: set[str] = set()
        self._size = 0

    def begin(self, segment: Segment) -> str:
        """The text before the value at `segment`. Raises `MalformedDataError` if it is not a new one."""
        if isinstance(segment, int):
            gap = segment - self._size
            if not self.is_list or not 0 <= gap <= LONGEST_GAP:
                _fail(segment)
            text = ("," if self._size else "") + "null," * gap
            self._size = segment + 1
            return text
        if self.is_list or segment in self._names:
            _fail(segment)
        text = ("," if self._names else "") + json.dumps(segment, ensure_ascii=False) + ":"
        self._names.add(segment)
        return text


def parsed_path(path: Any) -> list[Segment]:
    """The names and indexes of a JSON path. Raises `MalformedDataError`."""
    if not isinstance(path, str):
        _fail(path)
    rest = path.removeprefix("$")
    segments: list[Segment] = []
    while rest:
        found = _SEGMENT.match(rest)
        if found is None:
            _fail(path)
        segments.append(_segment(found))
        rest = rest[found.end() :]
    return segments


def _segment(found: re.Match[str]) -> Segment:
    if found["index"] is not None:
        return int(found["index"])
    if found["quoted"] is None:
        return found["name"]
    try:
        text: str = json.loads(f'"{_ESCAPE.sub(_as_json_escape, found["quoted"][1:-1])}"')
    except ValueError:
        _fail(found["quoted"])
    return text


def _as_json_escape(found: re.Match[str]) -> str:
    """What JSON writes for a character of a quoted name: paths may also escape single quotes."""
    return {'"': '\\"', "\\'": "'"}.get(found[0], found[0])


def _plain_value(piece: Mapping[str, Any]) -> str | None:
    """The JSON text of a value that is not a string; None without one."""
    number, truth = piece.get("numberValue"), piece.get("boolValue")
    if number is not None:
        return _number(number)
    if isinstance(truth, bool):
        return "true" if truth else "false"
    return "null" if "nullValue" in piece else None


def _number(number: Any) -> str:
    """The text of a number, which the API has as a double: 2 arrives as `2` or `2.0`."""
    if isinstance(number, str):  # as protobuf may write numbers, and writes NaN
        try:
            number = float(number)
        except ValueError:
            _fail(number)
    if isinstance(number, bool) or not isinstance(number, int | float):
        _fail(number)
    if isinstance(number, float):
        if number != number or abs(number) == float("inf"):  # noqa: PLR0124 - NaN alone differs from itself
            return "null"
        if number.is_integer() and abs(number) < _EXACT:
            number = int(number)
    return json.dumps(number)


def _fail(found: Any) -> NoReturn:
    raise MalformedDataError(f"the pieces of a call's arguments can't be joined, at {found!r:.200}")
