"""On a real terminal, with a Python that buffers: each delta is shown at once."""

from __future__ import annotations

import pytest

BOB = "\x1b[91mBob\x1b[0m"


def test_B32_each_delta_is_shown_before_the_next_is_sent(start, environment):
    assert "PYTHONUNBUFFERED" not in environment
    shown = start()
    so_far = f"{BOB}: "
    for delta in ("Hel", "lo, ", "wor", "ld", "\nnew line, ", "still open"):
        shown.send(["Bob", "text", delta])
        so_far += delta
        assert shown.wait_for(delta) == so_far
    shown.send(["Bob", "done"])
    assert shown.wait_for("\n") == so_far + "\n"


def test_each_delta_passes_a_pipe_at_once(start):
    shown = start(terminal=False)
    for delta in ("Hel", "lo", "!"):
        shown.send(["Bob", "text", delta])
        shown.wait_for(delta)
    assert shown.rest() == "Bob: Hello!\n"


def test_reasoning_streams_dim(start):
    shown = start()
    for delta in ("Let ", "me "):
        shown.send(["Bob", "reasoning", delta])
        shown.wait_for(f"{delta}\x1b[0m")
    shown.send(["Bob", "text", "Yes"])
    assert shown.wait_for("Yes") == f"{BOB}\x1b[2m (thinking): Let \x1b[0m\x1b[2mme \x1b[0m\n{BOB}: Yes"


def test_B31_name_in_its_color_on_a_terminal(start):
    shown = start()
    shown.send(["Bob", "text", "Hello, world"], ["Bob", "done"])
    assert shown.rest() == f"{BOB}: Hello, world\n"


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_B31_no_escape_codes_with_no_color_or_a_dumb_terminal(start, variables):
    shown = start(variables=variables)
    shown.send(["Bob", "reasoning", "Hm"], ["Bob", "text", "Hel"], ["Bob", "failed", "line cut"])
    assert shown.rest() == "Bob (thinking): Hm\nBob: Hel\n[failed: ConnectionError: line cut]\n"


def test_B31_no_escape_codes_in_a_pipe(start):
    shown = start(terminal=False)
    shown.send(["Bob", "text", "Hello, world"], ["Bob", "done"])
    assert shown.rest() == "Bob: Hello, world\n"


def test_color_on_request_in_a_pipe_and_against_no_color(start):
    shown = start(terminal=False, variables={"NO_COLOR": "1"}, color=True)
    shown.send(["Bob", "text", "Hi"], ["Bob", "done"])
    assert shown.rest() == f"{BOB}: Hi\n"


def test_an_empty_no_color_is_ignored(start):
    shown = start(variables={"NO_COLOR": ""})
    shown.send(["Bob", "text", "Hi"], ["Bob", "done"])
    assert shown.rest() == f"{BOB}: Hi\n"


def test_B33_lines_cjk_and_emoji_are_intact_after_one_name(start):
    text = "first\n第二行 你好\n👩\u200d🚀 café\n\nlast"
    shown = start()
    shown.send(["Bob", "text", *text], ["Bob", "done"])
    assert shown.rest() == f"{BOB}: {text}\n"


def test_B34_an_error_closes_the_line_and_has_its_own(start):
    shown = start()
    shown.send(["Bob", "text", "Hel"], ["Bob", "failed", "reset by peer"])
    assert shown.rest() == f"{BOB}: Hel\n\x1b[31m[failed: ConnectionError: reset by peer]\x1b[0m\n"


def test_a_long_tool_call_is_one_line_of_the_terminal(start):
    import fcntl
    import struct
    import termios

    shown = start(variables={"NO_COLOR": "1"})
    fcntl.ioctl(shown.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    shown.send(["Bob", "call", "write_file", '{"text": "' + "x" * 100 + '"}'], ["Bob", "done"])
    (line,) = shown.rest().splitlines()
    assert line.startswith('Bob → write_file({"text": "xxx')
    assert line.endswith("x…")
    assert len(line) == 40


def test_two_agents_on_a_terminal_share_it_line_by_line(start):
    shown = start(variables={"NO_COLOR": "1"})
    shown.send(["A", "text", "one "])
    shown.wait_for("one ")
    shown.send(["B", "text", "uno "], ["A", "text", "two"])
    shown.wait_for("two")
    shown.send(["A", "done"])
    shown.wait_for("B: uno ")
    shown.send(["B", "text", "due"])
    assert shown.wait_for("due") == "A: one two\nB: uno due"
