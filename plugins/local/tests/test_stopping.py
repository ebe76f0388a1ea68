"""However a call is ended, the engine stops writing: within a token, or a batch of the prompt."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading

import pytest

PATIENCE = 15
"""Seconds. An answer that is not stopped takes longer than this, and the next test's answer with it."""

ENDLESS = {"ignore_eos": True, "max_tokens": 8000}
LONG_PROMPT = "The quick brown fox jumps over the lazy dog. " * 700


@pytest.fixture
def model(chat):
    return chat(context_length=8000)


def writers():
    return [thread for thread in threading.enumerate() if thread.name == "modelstream-local"]


def assert_no_one_writes():
    for thread in writers():
        thread.join(PATIENCE)
        assert not thread.is_alive()


def begun(reader):
    """The reader, after its first text."""
    for batch in reader:
        if batch:
            return reader
    raise AssertionError("no text came")


def test_closing_the_reader(model, ask):
    begun(model.deltas(ask(**ENDLESS))).close()
    assert_no_one_writes()


def test_dropping_the_reader(model, ask):
    begun(model.deltas(ask(**ENDLESS)))
    gc.collect()
    assert_no_one_writes()


def test_cancelling_the_request_wakes_the_reader(model, ask):
    request = ask(**ENDLESS)
    reader = begun(model.deltas(request))
    request.cancel()
    assert all(batch is None or isinstance(batch, list) for batch in reader)
    assert_no_one_writes()


def test_a_request_that_was_cancelled_before_it_began(model, ask):
    request = ask(**ENDLESS)
    request.cancel()
    assert [batch for batch in model.deltas(request) if batch] == []
    assert_no_one_writes()


def test_while_the_prompt_is_read(model, ask):
    request = ask(LONG_PROMPT)  # takes a minute to read
    reader = model.deltas(request)
    assert next(reader) is None
    request.cancel()
    assert [batch for batch in reader if batch] == []
    assert_no_one_writes()


def test_while_others_have_all_slots(model, ask):
    readers = [begun(model.deltas(ask(**ENDLESS))) for _ in range(2)]
    third = ask(**ENDLESS)
    threading.Timer(0.2, third.cancel).start()
    assert list(model.deltas(third)) == []  # although the engine has not even looked at it
    for reader in readers:
        reader.close()
    assert_no_one_writes()


def test_cancelled_task(model, ask):
    async def cancelled():
        has_text = asyncio.Event()

        async def listen():
            async for batch in model.adeltas(ask(**ENDLESS)):
                if batch:
                    has_text.set()

        task = asyncio.create_task(listen())
        await has_text.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert_no_one_writes()


def test_cancelled_request_wakes_the_coroutine(model, ask):
    async def cancelled():
        request = ask(LONG_PROMPT)
        async for batch in model.adeltas(request):
            assert not batch
            threading.Thread(target=request.cancel).start()

    asyncio.run(cancelled())
    assert_no_one_writes()


def test_event_loop_that_closes_without_a_word(model, ask):
    async def left_alone():
        reader = model.adeltas(ask(**ENDLESS))
        async for batch in reader:
            if batch:
                return reader
        return None

    loop = asyncio.new_event_loop()
    reader = loop.run_until_complete(left_alone())
    loop.close()  # and nobody closed the reader
    assert_no_one_writes()
    del reader


def test_the_slot_is_free_again(model, ask, heard):
    for _ in range(4):
        begun(model.deltas(ask(**ENDLESS))).close()
    assert heard(model.deltas(ask(max_tokens=5))).finish.reason == "length"


ENDING = """
import sys
from modelstream.request import Request
from modelstream_local import LocalChat

model = LocalChat(context_length=8000)
arguments = {"ignore_eos": True, "max_tokens": 8000}
reader = model.deltas(Request([{"role": "user", "content": "Tell me a story."}], arguments=arguments))
"""
TEXT_CAME = """
for batch in reader:
    if batch:
        print("text", flush=True)
"""


def run(code, model_file):
    environment = os.environ | {"MODELSTREAM_LOCAL_MODEL": str(model_file)}
    return subprocess.Popen(
        [sys.executable, "-c", ENDING + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_ctrl_c_ends_the_program(model_file):
    with run(TEXT_CAME, model_file) as program:
        assert program.stdout.readline() == "text\n"
        program.send_signal(signal.SIGINT)
        errors = program.communicate(timeout=PATIENCE)[1]
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert program.returncode == -signal.SIGINT


def test_program_that_ends_in_the_middle_of_an_answer(model_file):
    """A thread that came back from the engine into a finalized interpreter would abort the process."""
    with run(TEXT_CAME + "        break\nsys.exit(3)", model_file) as program:
        _, errors = program.communicate(timeout=PATIENCE)
    assert (program.returncode, errors) == (3, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_forked_child_answers_with_an_engine_of_its_own(model_file):
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
said = answer()
if not child:
    os._exit(0 if said else 1)
print(bool(said), os.waitpid(child, 0)[1])
"""
    with run(code, model_file) as program:
        output, _ = program.communicate(timeout=PATIENCE)
    assert output == "True 0\n"
