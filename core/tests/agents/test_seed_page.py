"""The seed page, snippet by snippet: its code as it stands there, with nothing changed but the import."""

# ruff: noqa: E501, RET504, UP045 - the page's code is the page's

from __future__ import annotations

from types import GeneratorType
from typing import Optional, Sequence  # noqa: UP035

import pytest

import modelstream
from modelstream import AgentBase, Finish, Msg, log_stream_msg

PIECES = ("Hel", "lo, ", "wor", "ld")
SNAPSHOTS = [
    (False, "Hel"),
    (False, "Hello, "),
    (False, "Hello, wor"),
    (False, "Hello, world"),
    (True, "Hello, world"),
]

prompt = [{"role": "user", "content": "Hi"}]


@pytest.fixture(autouse=True)
def _set_up(scripted, sink):
    """In Model Configuration."""
    scripted(*PIECES, Finish("stop"), model_type="xxx")
    model_config = {
        "config_name": "xxx",
        "model_type": "xxx",
        "stream": True,
        # ...
    }
    modelstream.init(model_configs=model_config, sinks=[sink])


def test_the_stream_field_of_the_configuration_sets_streaming_mode():
    assert modelstream.load_model("xxx")(prompt).stream is not None


def test_in_model_calling_stream_overrides_the_configuration(sink):
    modelstream.init(
        model_configs={"config_name": "whole", "model_type": "xxx", "stream": False}, sinks=[sink]
    )

    class MyAgent(AgentBase):
        # ...
        def reply(self, x: Optional[Msg, Sequence[Msg]] = None) -> Msg:
            # ...
            response = self.model(
                prompt,
                stream=True,
            )
            # ...
            return response

    assert list(MyAgent("Bob", model_config_name="whole").reply().stream) == SNAPSHOTS


def test_printing_in_streaming_mode(sink):
    class MyAgent(AgentBase):
        def reply(self, x: Optional[Msg, Sequence[Msg]] = None) -> Msg:
            # ...
            # Use stream=True if you want to set up streaming mode in model calling
            response = self.model(prompt)

            # For now, the response.text is None

            # Print the response in streaming mode in terminal and AgentScope Studio (if available)
            self.speak(response.stream)

            # After printing, the response.text will be the full text of the response, and you can handle it as usual
            msg = Msg(self.name, content=response.text, role="assistant")

            self.memory.add(msg)

            return msg

    agent = MyAgent("Bob", model_config_name="xxx")
    msg = agent()

    assert msg.content == "Hello, world"
    assert agent.memory.get_memory() == [msg]
    assert sink.only.name == "Bob"
    assert sink.only.pairs == SNAPSHOTS
    assert sink.only.outcome.state == "complete"


class SpeakingByHand(AgentBase):
    """`Advanced Usage`: the page's excerpt of speak()."""

    def speak(self, content):
        if isinstance(content, str):
            raise AssertionError("not in streaming mode")  # noqa: TRY004
        # ...
        elif isinstance(content, GeneratorType):  # noqa: RET506
            # The streaming message must share the same id for displaying in
            # the agentscope studio.
            msg = Msg(name=self.name, content="", role="assistant")
            for last, text_chunk in content:
                msg.content = text_chunk
                log_stream_msg(msg, last=last)
        else:
            # ...
            raise AssertionError("not a generator")  # noqa: TRY004


def test_the_hand_written_handling_of_the_generator(sink):
    agent = SpeakingByHand("Bob", model_config_name="xxx")
    agent.speak(agent.model(prompt).stream)

    assert sink.only.name == "Bob"
    assert sink.only.pairs == SNAPSHOTS
    assert sink.only.outcome.state == "complete"


def test_iterate_the_generator_and_handle_the_response_text_by_yourself():
    handled = []

    class MyAgent(AgentBase):
        def reply(self, x: Optional[Msg, Sequence[Msg]] = None) -> Msg:
            # ...
            response = self.model(prompt)

            # For now, the response.text is None

            # Iterate the generator and handle the response text by yourself
            for last_chunk, text in response.stream:
                # Handle the text in your way
                # ...
                handled.append((last_chunk, text))

    MyAgent("Bob", model_config_name="xxx").reply()
    assert handled == SNAPSHOTS


def test_text_is_drained_when_it_is_accessed_in_streaming_mode():
    """`so that even in streaming mode, users can handle the response text in text field as usual`."""
    assert modelstream.load_model("xxx")(prompt).text == "Hello, world"


def test_point_1_the_text_field_includes_what_has_been_iterated():
    response = modelstream.load_model("xxx")(prompt)
    seen = [(text, response.text) for last, text in response.stream]
    assert all(text == so_far for text, so_far in seen)
    assert len(seen) == len(SNAPSHOTS)


def test_point_2_a_tuple_of_boolean_and_text_and_the_boolean_marks_the_end():
    snapshots = list(modelstream.load_model("xxx")(prompt).stream)
    assert [last for last, text in snapshots] == [False, False, False, False, True]
    assert [text for last, text in snapshots] == [text for last, text in SNAPSHOTS]


def test_point_3_one_response_has_one_message_id(sink):
    agent = SpeakingByHand("Bob", model_config_name="xxx")
    agent.speak(agent.model(prompt).stream)
    agent.speak(agent.model(prompt).stream)
    first, second = sink.records
    assert first.message.id != second.message.id
    assert first.pairs == second.pairs == SNAPSHOTS
