"""A stream waits for no other: more than the hundred connections that httpx allows are open at once."""

from __future__ import annotations

import asyncio
import threading

import pytest

from modelstream.testing.server import Gate

STREAMS = 120
PATIENCE = 20

# What the SDKs warn of when they are imported is not about this project.
pytestmark = pytest.mark.filterwarnings("ignore")


class _Hold(Gate):
    """A gate that is looked at seldom: there are as many threads at it as there are streams."""

    def wait(self, seconds):
        return super().wait(0.5)


@pytest.fixture
def gate(server, provider):
    if provider.model_type == "litellm_chat":
        pytest.skip("LiteLLM has connections of its own")
    gate = _Hold()
    server.play(provider.answer(gate))
    yield gate
    gate.open()


def test_streams_of_one_event_loop(provider, server, gate):
    model = provider.model(server, first_delta_timeout=PATIENCE)

    async def read_all():
        async with asyncio.timeout(PATIENCE):
            responses = await asyncio.gather(*(model.acall("hi", stream=True) for _ in range(STREAMS)))
            firsts = await asyncio.gather(*(anext(response.stream) for response in responses))
            gate.open()
            return [text for _, text in firsts], [await response.get_text() for response in responses]

    assert asyncio.run(read_all()) == (["Hel"] * STREAMS, ["Hello"] * STREAMS)


def test_streams_of_as_many_threads(provider, server, gate):
    model = provider.model(server, first_delta_timeout=PATIENCE)
    all_began = threading.Barrier(STREAMS + 1, timeout=PATIENCE)
    texts = []

    def read():
        response = model("hi", stream=True)
        texts.append(next(response.stream)[1])
        all_began.wait()
        response.text  # noqa: B018

    threads = [threading.Thread(target=read, daemon=True) for _ in range(STREAMS)]
    for thread in threads:
        thread.start()
    all_began.wait()
    gate.open()
    for thread in threads:
        thread.join(PATIENCE)
    assert texts == ["Hel"] * STREAMS
