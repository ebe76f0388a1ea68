"""Find the tool call that a piece belongs to."""

from __future__ import annotations

import re

from modelstream.deltas import ToolCallDelta


class ToolIndexes:
    """The calls of one answer, numbered in the order in which they begin.

    OpenAI sends the index of the call with every piece, and its id and name with the first one. Other servers
    omit the index, send the same one for all calls, send ids late or a new one with every piece, repeat the
    name or cut it. So only a name begins a call, and what tells whether it does is, in this order: a known
    id, the index, a new id, and whether the arguments of the call before have ended.
    """

    __slots__ = ("_by_id", "_by_index", "_calls", "_early", "_in_message", "_last", "_named", "current")

    def __init__(self) -> None:
        # The number of the call of the last piece that was added; None if its call has not begun.
        self.current: int | None = None
        self._calls: list[_Call] = []
        self._last: _Call | None = None
        self._by_index: dict[int, _Call] = {}
        self._by_id: dict[str, _Call] = {}
        # By index: the id and arguments that came before the name.
        self._early: dict[int | None, tuple[str, str]] = {}
        # The calls of the pieces with a name in this frame.
        self._named: list[_Call] = []
        # The numbers of the calls in the whole message that is being read.
        self._in_message: set[int] = set()

    def __len__(self) -> int:
        return len(self._calls)

    def start_frame(self) -> None:
        """Note that the next piece is the first one of its frame."""
        if self._named:
            self._named = []

    def add(
        self, index: int | None, call_id: str | None, name: str | None, arguments: str
    ) -> ToolCallDelta | None:
        """The delta for a piece, or None if nothing is new in it."""
        call = self._continued(index, call_id, name, arguments)
        new = call is None
        if call is None:
            early_id, early = self._take_early(index)
            call_id, arguments = call_id or early_id, early + arguments
            if not name:
                self._early[index] = (call_id, arguments)
                self.current = None
                return None
            call = self._begin(index)
        self._note(call, index, call_id, new=new)
        if name:
            self._named.append(call)
        return call.add(call_id, name, arguments, new=new)

    def place(self, index: int | None, call_id: str | None, name: str | None) -> tuple[int, bool]:
        """The number of the call that this piece belongs to, and whether it begins with this piece.

        For wires where the arguments of pieces are not parts of one text.
        """
        call = self._continued(index, call_id, name, "")
        new = call is None
        if call is None:
            call = self._begin(index)
        self._note(call, index, call_id, new=new)
        call.id, call.name = call.id or call_id or "", call.name or name or ""
        return call.number, new

    def add_whole(
        self, position: int, call_id: str | None, name: str, arguments: str
    ) -> ToolCallDelta | None:
        """What is new in a whole call, the one at `position` in a message that has all calls so far."""
        if position == 0:
            self._in_message = set()
        call = self._by_id.get(call_id or "")
        # Two calls of one message are two, even with the same id.
        if call is None or call.name != name or call.number in self._in_message:
            same = position < len(self._calls) and self._calls[position].name == name
            call = self._calls[position] if same and position not in self._in_message else None
        if call is None:
            call = self._begin(None)
            self._note(call, None, call_id)
            self._in_message.add(call.number)
            return call.add(call_id, name, arguments, new=True)
        self._in_message.add(call.number)
        self.current = call.number
        return call.add(None, None, call.rest_of(arguments), new=False)

    def _take_early(self, index: int | None) -> tuple[str, str]:
        key = index if index in self._early else None
        return self._early.pop(key, ("", "")) if self._early else ("", "")

    def _begin(self, index: int | None) -> _Call:
        call = _Call(len(self._calls), index)
        self._calls.append(call)
        return call

    def _note(self, call: _Call, index: int | None, call_id: str | None, *, new: bool = True) -> None:
        if index is not None:
            call.index = index if call.index is None else call.index
            self._by_index[index] = call
        if call_id and (new or call_id not in self._by_id):
            self._by_id[call_id] = call
        self._last = call
        self.current = call.number

    def _continued(
        self, index: int | None, call_id: str | None, name: str | None, arguments: str
    ) -> _Call | None:
        """The call that the piece continues, or None if it begins one."""
        call = self._by_id.get(call_id or "")
        if call is not None and (index is None or not name or call.index in (None, index)):
            # Some servers send one id for all calls, so a name with arguments after whole ones is a new call.
            if name and arguments.strip() and call.has_ended():
                return None
            by_index = None if index is None else self._by_index.get(index)
            return by_index if by_index is not None and by_index.id == call_id else call
        if name and not call_id and index in self._early:
            return None
        call = self._last if index is None else self._by_index.get(index)
        if call is None and index is not None:
            call = self._without_own_index(index, call_id, name)
        if call is None:
            return None
        if name:
            another = call.is_another(call_id, name, apart=index is None, in_frame=call in self._named)
            return None if another else call
        # A new id alone is that of the next call, the name of which comes later; one beside arguments is new
        # with every piece.
        return None if call_id and call.id and not arguments else call

    def _without_own_index(self, index: int, call_id: str | None, name: str | None) -> _Call | None:
        """The call that began without an index, which comes with its second piece."""
        if call_id:
            return None
        if name:
            last = self._last
            return last if last is not None and last.index is None and last.name == name else None
        if index < len(self._calls) and self._calls[index].index is None:
            return self._calls[index]
        unnumbered = (call for call in reversed(self._calls) if call.index is None)
        return None if index in self._early else next(unnumbered, self._last)


class _Call:
    __slots__ = ("_json", "_pieces", "id", "index", "name", "number")

    def __init__(self, number: int, index: int | None) -> None:
        self.number = number
        self.index = index
        self.id = ""
        self.name = ""
        self._json = JsonEnd()
        self._pieces: list[str] = []

    def add(
        self, call_id: str | None, name: str | None, arguments: str, *, new: bool
    ) -> ToolCallDelta | None:
        """The delta for a piece of this call, or None. The first id stays: some send one with each piece."""
        if arguments:
            self._pieces.append(arguments)
            self._json.add(arguments)
        new_id = call_id if call_id and not self.id else None
        new_name = self._extended(name) if name else None
        self.id = self.id or call_id or ""
        self.name = new_name or self.name
        if not (new or new_id or new_name or arguments):
            return None
        return ToolCallDelta(self.number, new_id, new_name, arguments)

    def _extended(self, name: str) -> str | None:
        """The whole name, of which some servers send fragments; None if it is not new."""
        if name == self.name:
            return None
        return name if name.startswith(self.name) else self.name + name

    def is_another(self, call_id: str | None, name: str, *, apart: bool, in_frame: bool) -> bool:
        """Whether a piece with this name begins another call, although it seems to continue this one.

        `apart`: the piece has no index. `in_frame`: this call has a name in the same frame.
        """
        if self._json.begun and not self._json.ended():
            # Some servers repeat the name with every piece, even with a new id.
            return name != self.name
        if self._json.begun or in_frame:
            return True
        if call_id:
            return apart or bool(self.id and call_id != self.id)
        # Without ids and indexes calls are sent whole.
        return apart and not self.id

    def has_ended(self) -> bool:
        """Whether the JSON of the arguments is whole."""
        return self._json.ended()

    def rest_of(self, arguments: str) -> str:
        """What these arguments have after those so far; nothing if they are others."""
        self._pieces = ["".join(self._pieces)]
        return arguments[len(self._pieces[0]) :] if arguments.startswith(self._pieces[0]) else ""


_MARKS = re.compile(r'["\\{}\[\]]')


class JsonEnd:
    """Finds the end of a JSON value that arrives in pieces.

    Pieces are only scanned when `ended` is called, each of them once.
    """

    __slots__ = ("_depth", "_escaped", "_in_string", "_unread", "begun")

    def __init__(self) -> None:
        self.begun = False
        self._unread: list[str] = []
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def add(self, piece: str) -> None:
        """Append a piece of the text."""
        self._unread.append(piece)
        self.begun = self.begun or not piece.isspace()

    def ended(self) -> bool:
        """Whether each string, object and array in the text is closed."""
        for piece in self._unread:
            self._scan(piece)
        self._unread.clear()
        return self.begun and not self._in_string and self._depth <= 0

    def _scan(self, piece: str) -> None:
        skip = 1 if self._escaped else 0
        self._escaped = False
        for found in _MARKS.finditer(piece):
            at, mark = found.start(), found[0]
            if at < skip:
                continue
            if self._in_string:
                if mark == "\\":
                    skip = at + 2
                    self._escaped = skip > len(piece)
                elif mark == '"':
                    self._in_string = False
            elif mark == '"':
                self._in_string = True
            elif mark in "{[":
                self._depth += 1
            elif mark in "}]":
                self._depth -= 1
