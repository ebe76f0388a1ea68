"""`modelstream demo`, with a model that says what it was asked."""

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
def test_all_talk_and_then_about_what_the_user_wants(studio, monkeypatch):
    monkeypatch.setenv("MODELSTREAM_STUDIO", studio.url)
    monkeypatch.setenv("MODELSTREAM_STUDIO_TOKEN", TOKEN)
    memory, answers = studio.memory, iter(["cats", ""])

    def ask_user(name, prompt):
        return next(answers)

    monkeypatch.setattr(demo, "ask_user", ask_user)
    assert demo.demo() == 0
    said = [(kept.opened["name"], kept.text) for kept in memory.messages.values()]
    assert sorted(said) == sorted(
        [(name, question) for name, (_, question) in demo.CAST.items()]
        + [(name, "cats") for name in [*demo.CAST, "You"]]
    )
    assert memory.kinds()[-1] == "bye"


@pytest.mark.usefixtures("_echo")
def test_a_studio_that_is_not_where_it_should_be(monkeypatch):
    url = refused_url()
    monkeypatch.setenv("MODELSTREAM_STUDIO", url)
    with pytest.raises(ConfigError, match=f"There is no Studio at {url}"):
        demo.demo()


def test_without_a_model_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(demo, "MODEL", {"config_name": "demo", "model_type": "nobody_chat"})
    with pytest.raises(ConfigError, match="nobody_chat"):
        demo.demo()
