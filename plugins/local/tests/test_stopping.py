"""The engine stops generating within a token or a batch of the prompt, in whichever way a call ends."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading

import pytest

TIMEOUT = 15
"""Seconds. An answer that is not stopped takes longer than this, and also delays the next test."""

ENDLESS = {"ignore_eos": True, "max_tokens": 8000}
LONG_PROMPT = "The quick brown fox jumps over the lazy dog. " * 700


@pytest.fixture
def model(chat):
    return chat(context_length=8000)


def engine_threads():
    return [thread for thread in threading.enumerate() if thread.name == "modelstream-local"]


def assert_engine_is_idle():
    for thread in engine_threads():
        thread.join(TIMEOUT)
        assert not thread.is_alive()


def after_first_text(reader):
    """Reads up to the first text and returns the reader."""
    for batch in reader:
        if batch:
            return reader
    raise AssertionError("no text arrived")


def test_closing_the_reader(model, request_for):
    after_first_text(model.deltas(request_for(**ENDLESS))).close()
    assert_engine_is_idle()


def test_dropping_the_reader(model, request_for):
    after_first_text(model.deltas(request_for(**ENDLESS)))
    gc.collect()
    assert_engine_is_idle()


def test_cancelling_the_request_wakes_the_reader(model, request_for):
    request = request_for(**ENDLESS)
    reader = after_first_text(model.deltas(request))
    request.cancel()
    assert all(batch is None or isinstance(batch, list) for batch in reader)
    assert_engine_is_idle()


def test_a_request_that_was_cancelled_before_it_began(model, request_for):
    request = request_for(**ENDLESS)
    request.cancel()
    assert [batch for batch in model.deltas(request) if batch] == []
    assert_engine_is_idle()


def test_cancelling_while_the_prompt_is_read(model, request_for):
    request = request_for(LONG_PROMPT)  # takes a minute to read
    reader = model.deltas(request)
    assert next(reader) is None
    request.cancel()
    assert [batch for batch in reader if batch] == []
    assert_engine_is_idle()


def test_cancelling_while_other_calls_have_all_slots(model, request_for):
    readers = [after_first_text(model.deltas(request_for(**ENDLESS))) for _ in range(2)]
    third = request_for(**ENDLESS)
    threading.Timer(0.2, third.cancel).start()
    assert list(model.deltas(third)) == []  # although the engine has not started it
    for reader in readers:
        reader.close()
    assert_engine_is_idle()


def test_cancelled_task(model, request_for):
    async def cancelled():
        has_text = asyncio.Event()

        async def read_all():
            async for batch in model.adeltas(request_for(**ENDLESS)):
                if batch:
                    has_text.set()

        task = asyncio.create_task(read_all())
        await has_text.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert_engine_is_idle()


def test_cancelled_request_wakes_the_coroutine(model, request_for):
    async def cancelled():
        request = request_for(LONG_PROMPT)
        async for batch in model.adeltas(request):
            assert not batch
            threading.Thread(target=request.cancel).start()

    asyncio.run(cancelled())
    assert_engine_is_idle()


def test_an_event_loop_that_is_closed_without_cleanup(model, request_for):
    async def read_first_text():
        reader = model.adeltas(request_for(**ENDLESS))
        async for batch in reader:
            if batch:
                return reader
        return None

    loop = asyncio.new_event_loop()
    reader = loop.run_until_complete(read_first_text())
    loop.close()  # without closing the reader
    assert_engine_is_idle()
    del reader


def test_the_slot_is_free_again(model, request_for, collect):
    for _ in range(4):
        after_first_text(model.deltas(request_for(**ENDLESS))).close()
    assert collect(model.deltas(request_for(max_tokens=5))).finish.reason == "length"


PROGRAM = """
import sys
from modelstream.request import Request
from modelstream_local import LocalChat

model = LocalChat(context_length=8000)
arguments = {"ignore_eos": True, "max_tokens": 8000}
reader = model.deltas(Request([{"role": "user", "content": "Tell me a story."}], arguments=arguments))
"""
PRINT_TEXT = """
for batch in reader:
    if batch:
        print("text", flush=True)
"""


def run(code, model_file):
    environment = os.environ | {"MODELSTREAM_LOCAL_MODEL": str(model_file)}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_ctrl_c_ends_the_program(model_file):
    with run(PRINT_TEXT, model_file) as program:
        assert program.stdout.readline() == "text\n"
        program.send_signal(signal.SIGINT)
        errors = program.communicate(timeout=TIMEOUT)[1]
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert program.returncode == -signal.SIGINT


def test_program_that_ends_in_the_middle_of_an_answer(model_file):
    """A thread that returned from the engine to a finalized interpreter would abort the process."""
    with run(PRINT_TEXT + "        break\nsys.exit(3)", model_file) as program:
        _, errors = program.communicate(timeout=TIMEOUT)
    assert (program.returncode, errors) == (3, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_loads_its_own_engine(model_file):
    code = """
import os, threading

def answer():
    request = Request([{"role": "user", "content": "Hi"}], arguments={"max_tokens": 4})
    return [part for batch in model.deltas(request) for part in batch or ()]

answer()
for thread in threading.enumerate():
    if thread.name == "modelstream-local":
        thread.join()
child = os.fork()
parts = answer()
if not child:
    os._exit(0 if parts else 1)
print(bool(parts), os.waitpid(child, 0)[1])
"""
    with run(code, model_file) as program:
        output, _ = program.communicate(timeout=TIMEOUT)
    assert output == "True 0\n"
