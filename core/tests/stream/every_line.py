"""Something happens at every single line: the races of a program, one by one and reproducibly.

`at_every_line(play, act)` runs `play(arm)` again and again; `arm()` starts the counting. In the first run
`act` is called at the first line of modelstream that the thread runs, in the second at the second, …
`at_every_check` does so wherever Python looks for signals: only there can a Ctrl-C take effect.
"""

from __future__ import annotations

import dis
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from scripted import LIMIT

import modelstream

FOLDER = str(Path(modelstream.__file__).parent)


# After these Python looks for signals.
_CHECKED = {"RESUME", "CALL", "CALL_KW", "CALL_FUNCTION_EX", "JUMP_BACKWARD"}


class _Injection:
    def __init__(self, at: int, act: Callable[[], None], event: str) -> None:
        self.left = at
        self.act = act
        self.event = event
        self.place: str | None = None
        self._last: dict[FrameType, str] = {}
        # Held here: Python 3.11 may still use a trace function that it has just released, when that raises.
        self._on_call, self._on_step = self._called, self._traced

    def arm(self) -> None:
        sys.settrace(self._on_call)

    def _called(self, frame: FrameType, event: str, arg: Any) -> Any:
        if self.place is not None or not frame.f_code.co_filename.startswith(FOLDER):
            return None
        frame.f_trace_opcodes = self.event == "opcode"
        return self._on_step

    def _traced(self, frame: FrameType, event: str, arg: Any) -> Any:
        if self.place is not None:
            return None
        if event == self.event and (event == "line" or self._is_checked(frame)):
            if self.left == 0:
                self.place = (
                    f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_name}"
                )
                self._last.clear()
                # `in_time` switches tracing off: here Python is still using it.
                self.act()
                return None
            self.left -= 1
        return self._on_step

    def _is_checked(self, frame: FrameType) -> bool:
        code = frame.f_code.co_code
        before, self._last[frame] = self._last.get(frame), dis.opname[code[frame.f_lasti]]
        return before in _CHECKED


Play = Callable[[Callable[[], None]], Any]


def at_every_check(play: Play, act: Callable[[], None]) -> Iterator[tuple[str, Any]]:
    """Like `at_every_line`, with `act` wherever a signal may be handled."""
    return at_every_line(play, act, event="opcode")


def at_every_line(play: Play, act: Callable[[], None], *, event: str = "line") -> Iterator[tuple[str, Any]]:
    """What `play` returned with `act` at the first line, at the second, and so on; with the line's place."""
    at = 0
    while True:
        injection = _Injection(at, act, event)
        result = in_time(
            lambda injection=injection: play(injection.arm), lambda injection=injection: injection.place
        )
        if injection.place is None:
            assert at > 10, "the play runs no lines of modelstream"
            return
        yield injection.place, result
        at += 1


def in_time(work: Callable[[], Any], place: Callable[[], Any] = lambda: "") -> Any:
    """What `work` returns, run in a separate thread: a deadlock fails the test instead of hanging it."""
    results: list[Any] = []

    def keep() -> None:
        try:
            results.append((work(), None))
        except BaseException as error:  # noqa: BLE001
            results.append((None, error))
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    thread.join(LIMIT / 4)
    assert not thread.is_alive(), f"deadlock after {place()}"
    result, error = results[0]
    if error is not None:
        raise error
    return result


def meanwhile(work: Callable[[], Any], patience: float = 0.02) -> threading.Thread:
    """Let another thread do `work` now, to its end unless it has to wait for this one."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(patience)
    return thread
