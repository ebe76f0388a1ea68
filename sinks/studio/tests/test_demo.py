"""`modelstream demo`, with a model that repeats the last message."""

from __future__ import annotations

import pytest
from fake_studio import TOKEN

import modelstream
from modelstream import Finish, ModelConfig, ModelWrapper
from modelstream.errors import ConfigError
from modelstream.plugins.registry import registry
from modelstream.testing.server import refused_url
from modelstream_studio import demo


class EchoConfig(ModelConfig, kw_only=True):
    context_length: int = 0


class Echo(ModelWrapper):
    model_type = "echo_of_the_demo"
    config_class = EchoConfig

    def deltas(self, request):
        yield request.messages[-1]["content"]
        yield Finish("stop")


@pytest.fixture
def _echo(monkeypatch):
    registry().register(Echo)
    monkeypatch.setattr(demo, "MODEL", {**demo.MODEL, "model_type": Echo.model_type})
    yield
    modelstream.shutdown()
    registry().unregister(Echo)


@pytest.mark.usefixtures("_echo")
def test_all_agents_talk_and_then_about_the_topic_of_the_user(studio, monkeypatch):
    monkeypatch.setenv("MODELSTREAM_STUDIO", studio.url)
    monkeypatch.setenv("MODELSTREAM_STUDIO_TOKEN", TOKEN)
    memory, answers = studio.memory, iter(["cats", ""])

    def ask_user(name, prompt):
        return next(answers)

    monkeypatch.setattr(demo, "ask_user", ask_user)
    assert demo.demo() == 0
    texts = [(message.opened["name"], message.text) for message in memory.messages.values()]
    assert sorted(texts) == sorted(
        [(name, question) for name, (_, question) in demo.CAST.items()]
        + [(name, "cats") for name in [*demo.CAST, "You"]]
    )
    assert memory.kinds()[-1] == "bye"


@pytest.mark.usefixtures("_echo")
def test_without_a_studio(monkeypatch):
    url = refused_url()
    monkeypatch.setenv("MODELSTREAM_STUDIO", url)
    with pytest.raises(ConfigError, match=f"There is no Studio at {url}"):
        demo.demo()


def test_without_the_model_plugin(monkeypatch):
    monkeypatch.setattr(demo, "MODEL", {"config_name": "demo", "model_type": "unknown_chat"})
    with pytest.raises(ConfigError, match="unknown_chat"):
        demo.demo()
