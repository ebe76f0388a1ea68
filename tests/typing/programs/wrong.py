"""Mistakes that a type checker has to find."""

from collections.abc import Generator
from typing import assert_type

import modelstream
from modelstream import AgentBase, ModelResponse, Msg, Snapshot, StreamedResponse

model = modelstream.load_model("local_chat")

for last, text in model("Hi").stream:  # error
    print(last, text)
for last, text in model("Hi", stream=False).stream:  # error
    print(last, text)
assert_type(model("Hi").stream, Generator[Snapshot, None, None])  # error


async def in_a_coroutine() -> None:
    response = await model.acall("Hi")
    async for last, text in response.stream:  # error
        print(last, text)


def streams_for_sure(response: ModelResponse) -> StreamedResponse:
    return response  # error


def of_a_snapshot(snapshot: Snapshot) -> None:
    text, last = snapshot
    assert_type(text, str)  # error
    assert_type(last, bool)  # error
    print(snapshot[2])  # error
    snapshot.last = True  # error
    print(snapshot.texts)  # error
    first, second, _ = snapshot  # error
    print(first, second)


class Guide(AgentBase):
    def reply(self, x: Msg) -> Msg:
        response = self.model([x])
        print(self.model.stream)  # error
        for last, text in response.stream:  # error
            print(last, text)
        return Msg(self.name, response.get_text(), "helper")  # error
