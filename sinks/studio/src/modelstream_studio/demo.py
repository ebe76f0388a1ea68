"""`modelstream demo`: several agents talk at once, in a running Studio or a new one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import modelstream
from modelstream import DialogAgent, Msg, StreamError
from modelstream.agents import ask_user
from modelstream.errors import ConfigError
from modelstream_studio.places import URL, known_place
from modelstream_studio.sink.address import find
from modelstream_studio.sink.connection import Connection, Unreachable
from modelstream_studio.sink.trouble import logger

MODEL = {"config_name": "demo", "model_type": "local_chat", "stream": True}

CONTEXT_LENGTHS = (2048, 1024)
"""Context lengths: each has its own engine, and one engine answers two agents at a time."""

CAST = {
    "Ada": ("You are a physicist who explains things in short paragraphs.", "Why is the sky blue?"),
    "Ben": ("You are a cook. Answer with a numbered list.", "How do I cook a tomato soup?"),
    "Cleo": ("You are a poet.", "Write a short poem about rain."),
    "Dan": (
        "You are a programmer. Answer with a code block.",
        "Write a Python function that reverses a string.",
    ),
}

START_SECONDS = 20.0
"""Seconds that Studio may take to start."""


def demo(*, open_browser: bool = False) -> int:
    """Let the agents talk until the user stops them; the exit code."""
    modelstream.load_model(MODEL)  # raises before anything is started, with what to install
    with _studio(open_browser=open_browser) as started:
        modelstream.init(sinks=["studio"], project="modelstream", name="demo")
        _write(f"{', '.join(CAST)} talk at {_link()}\n")
        try:
            _talk()
        except KeyboardInterrupt:
            logger.disabled = True  # Ctrl-C reached Studio as well, which accepts nothing more
            raise
        modelstream.shutdown()
        if started is not None:
            _write("Studio keeps running; Ctrl-C stops it.\n")
            with suppress(KeyboardInterrupt):
                started.wait()
    return 0


def _talk() -> None:
    agents = [
        DialogAgent(
            name, sys_prompt, {**MODEL, "context_length": CONTEXT_LENGTHS[number // 2 % len(CONTEXT_LENGTHS)]}
        )
        for number, (name, (sys_prompt, _)) in enumerate(CAST.items())
    ]
    _all_at_once(agents, [question for _, question in CAST.values()])
    with suppress(EOFError):
        while topic := ask_user("You", "What shall they talk about? (Enter to finish) "):
            modelstream.show(topic, name="You", role="user")
            _all_at_once(agents, [topic] * len(agents))


def _all_at_once(agents: Sequence[Any], questions: Sequence[str]) -> None:
    threads = [
        threading.Thread(target=_answer, args=pair, daemon=True)
        for pair in zip(agents, questions, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _answer(agent: Any, question: str) -> None:
    # Studio shows a message that fails or is stopped there.
    with suppress(StreamError):
        agent(Msg("user", question, "user"))


@contextmanager
def _studio(*, open_browser: bool) -> Iterator[subprocess.Popen[bytes] | None]:
    """Ensure that a Studio is running; the value is its process if it was started here, else None."""
    if _is_running():
        yield None
        return
    if os.environ.get(URL):
        raise ConfigError(f"There is no Studio at {find(None, None).url}, the address in {URL}.")
    command = [sys.executable, "-m", "modelstream", "studio", *(["--open"] if open_browser else [])]
    process = subprocess.Popen(command)  # noqa: S603 - our own
    try:
        until = time.monotonic() + START_SECONDS
        while not _is_running():
            if process.poll() is not None or time.monotonic() > until:
                raise ConfigError("Studio did not start; Run `modelstream studio` to see why.")
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait()


def _is_running() -> bool:
    connection = Connection(find(None, None), 2.0)
    try:
        return connection.request("GET", "/").status == 200
    except Unreachable:
        return False
    finally:
        connection.close()


def _link() -> str:
    """The address to open, with the tokens if it is the user's own Studio."""
    url = find(None, None).url
    known = known_place()
    if known is None or known.url != url:
        return url
    return f"{url}/#watch={known.tokens.watch}&answer={known.tokens.answer}"


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
