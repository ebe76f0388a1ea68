"""A model wrapper as it was written for AgentScope 0.1, registered here."""

from __future__ import annotations

import pytest

import modelstream
from modelstream import DialogAgent, Msg, PluginLoadError
from modelstream.agentscope import register_model_wrapper_class
from modelstream.agentscope.models import ModelResponse, ModelWrapperBase
from modelstream.models import config_store
from modelstream.plugins.registry import registry

CONFIG = {
    "config_name": "mine",
    "model_type": "my_model",
    "model_name": "m-1",
    "my_arg": 3,
    "stream": True,
    "generate_args": {"temperature": 0.5},
    "more": "kept",
}


class MyModelWrapper(ModelWrapperBase):
    model_type: str = "my_model"

    def __init__(self, config_name, model_name, my_arg, stream=False, generate_args=None, **kwargs):
        super().__init__(config_name=config_name, model_name=model_name)
        self.my_arg = my_arg
        self.stream = stream
        self.generate_args = generate_args or {}
        self.kwargs = kwargs

    def __call__(self, messages, stream=None, **kwargs):
        kwargs = {**self.generate_args, **kwargs}
        self._save_model_invocation(arguments={"messages": messages, **kwargs}, response={"text": "..."})
        if self.stream if stream is None else stream:
            return ModelResponse(stream=self.texts(messages[-1]["content"]))
        return ModelResponse(text=messages[-1]["content"].upper(), raw=kwargs)

    def texts(self, content):
        text = ""
        for word in content.upper().split():
            text = f"{text} {word}".strip()
            yield text


@pytest.fixture
def _registered():
    register_model_wrapper_class(MyModelWrapper)
    modelstream.models.load_configs(CONFIG)
    yield
    registry().unregister(MyModelWrapper)
    config_store().clear()


@pytest.mark.usefixtures("_registered")
def test_the_fields_of_the_config_are_the_arguments_of_init():
    model = modelstream.load_model("mine")
    assert isinstance(model, MyModelWrapper)
    assert (model.config_name, model.model_name, model.my_arg, model.stream) == ("mine", "m-1", 3, True)
    assert model.kwargs == {"more": "kept"}
    assert model.generate_args == {"temperature": 0.5}
    assert (model.config.config_name, model.config.model_type) == ("mine", "my_model")


@pytest.mark.usefixtures("_registered")
def test_it_streams_and_answers_whole():
    model = modelstream.load_model("mine")
    messages = model.format(Msg("User", "one two", "user"))
    assert list(model(messages).stream) == [(False, "ONE"), (False, "ONE TWO"), (True, "ONE TWO")]
    response = model(messages, stream=False, top_p=1)
    assert (response.text, response.stream, response.raw) == (
        "ONE TWO",
        None,
        {"temperature": 0.5, "top_p": 1},
    )


@pytest.mark.usefixtures("_registered")
def test_an_agent_speaks_with_it(sink):
    agent = DialogAgent("Bob", "", "mine")
    assert agent(Msg("User", "one two", "user")).content == "ONE TWO"
    assert sink.only.pairs == [(False, "ONE"), (False, "ONE TWO"), (True, "ONE TWO")]
    assert sink.only.outcome.finish_reason == "stop"


@pytest.mark.usefixtures("_registered")
def test_a_coroutine_gets_an_error_that_names_what_is_missing():
    import asyncio

    with pytest.raises(TypeError, match="MyModelWrapper has neither a deltas nor an adeltas method"):
        asyncio.run(modelstream.load_model("mine").acall("Hi"))


@pytest.mark.usefixtures("_registered")
def test_a_field_that_init_needs_and_the_config_has_not():
    with pytest.raises(PluginLoadError, match="my_arg"):
        modelstream.load_model({"model_type": "my_model", "config_name": "x", "model_name": "y"})


@pytest.mark.usefixtures("_registered")
def test_another_class_of_the_same_name_needs_exist_ok():
    other = type("Other", (MyModelWrapper,), {})
    with pytest.raises(PluginLoadError, match="already used by"):
        register_model_wrapper_class(other)
    register_model_wrapper_class(other, exist_ok=True)
    assert type(modelstream.load_model("mine")) is other
    registry().unregister(other)


def test_a_wrapper_with_a_format_of_its_own(sink):
    class Prompted(MyModelWrapper):
        model_type = "prompted"

        def format(self, *args, multi_agent_mode=True):
            return [{"role": "user", "content": "my own prompt"}]

    modelstream.register(Prompted)
    try:
        agent = DialogAgent("Bob", "", {**CONFIG, "model_type": "prompted"})
        assert agent(Msg("User", "ignored", "user")).content == "MY OWN PROMPT"
    finally:
        registry().unregister(Prompted)
