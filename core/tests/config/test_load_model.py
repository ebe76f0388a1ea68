from __future__ import annotations

import os
import subprocess
import sys

import pytest

from modelstream.errors import ConfigError, PluginLoadError, UnknownConfigError, UnknownModelTypeError
from modelstream.hookspecs import hookimpl
from modelstream.plugins.registry import registry as shared_registry
from modelstream.wrapper import ModelWrapper


def refusal(store, name, error):
    with pytest.raises(error) as caught:
        store.load_model(name)
    return str(caught.value)


def test_a_config_name_gives_a_new_wrapper_each_time(store):
    store.load({"config_name": "mine", "model_type": "echo_chat", "host": "h"})

    first, second = store.load_model("mine"), store.load_model("mine")

    assert first is not second
    assert (first.config.host, first.config.config_name) == ("h", "mine")


def test_a_bare_model_type_gives_its_defaults(store):
    assert store.load_model("echo_chat").config.host == "localhost"


def test_a_config_comes_before_a_model_type_of_the_same_name(store):
    store.load({"config_name": "echo_chat", "model_type": "echo_chat", "host": "h"})

    assert store.load_model("echo_chat").config.host == "h"


def test_a_dict_needs_no_config_name(store):
    assert store.load_model({"model_type": "echo_chat", "host": "h"}).config.host == "h"


def test_an_unknown_name_lists_configs_and_model_types(store):
    store.load({"config_name": "my-gpt", "model_type": "openai_chat"})

    assert refusal(store, "my-gtp", UnknownConfigError) == (
        "There is no model config 'my-gtp', and no installed plugin has this model_type."
        " Did you mean 'my-gpt'?\n"
        "Configs: my-gpt. Model types: echo_chat."
    )


def test_a_model_type_that_is_not_installed_comes_with_its_pip_install(store):
    assert "`pip install modelstream-openai` provides it." in refusal(
        store, "openai_chat", UnknownConfigError
    )
    store.load({"config_name": "my-gpt", "model_type": "openai_chat"})
    assert "`pip install modelstream-openai` provides it." in refusal(store, "my-gpt", UnknownModelTypeError)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({}, "Config given to load_model: field 'model_type' is missing."),
        ({"model_typ": "x"}, "Did you mean 'model_type' instead of 'model_typ'?"),
        ({"model_type": 3}, "Config given to load_model: field 'model_type' is 3; expected a name."),
        (
            None,
            "load_model expects a config name, a model_type or a config dict, not a value of type NoneType.",
        ),
    ],
)
def test_an_invalid_config_is_refused(store, spec, problem):
    assert problem in refusal(store, spec, ConfigError)


def test_variables_are_filled_in_when_the_model_is_loaded_and_not_before(store, monkeypatch):
    monkeypatch.delenv("ECHO_HOST", raising=False)
    store.load({"config_name": "mine", "model_type": "echo_chat", "host": "${ECHO_HOST}"})

    assert "environment variable ECHO_HOST" in refusal(store, "mine", ConfigError)
    monkeypatch.setenv("ECHO_HOST", "$${h}")
    assert store.load_model("mine").config.host == "$${h}"


def test_a_custom_hook_gets_the_config_with_its_variables_filled_in(store, registry, monkeypatch):
    seen = []

    class Own:
        @staticmethod
        @hookimpl
        def modelstream_model_wrapper(model_type, config):
            seen.append((model_type, config))
            return ModelWrapper()

    registry.register(Own, "own")
    monkeypatch.setenv("NAME", "n")

    store.load_model({"model_type": "own", "anything": ["${NAME}"]})

    assert seen == [("own", {"model_type": "own", "anything": ["n"]})]


def test_a_model_type_whose_plugin_is_broken_says_so(store, registry):
    class Nothing:
        @staticmethod
        @hookimpl
        def modelstream_model_wrapper():
            return 3

    registry.register(Nothing, "nothing")

    assert "its hook returned a int" in refusal(store, "nothing", PluginLoadError)


def test_the_public_load_model_uses_the_shared_registry_and_store():
    from modelstream.models import config_store, load_configs, load_model

    class Mine(ModelWrapper):
        model_type = "mine_of_this_test"

    shared_registry().register(Mine)
    try:
        load_configs({"config_name": "by_name", "model_type": "mine_of_this_test"})
        assert isinstance(load_model("by_name"), Mine)
        assert isinstance(load_model("mine_of_this_test"), Mine)
    finally:
        shared_registry().unregister(Mine)
        config_store().clear()


def test_importing_configs_imports_no_parser_and_no_pydantic():
    program = (
        "import sys, msgspec, pluggy\n"
        "before = set(sys.modules)\n"
        "import modelstream.models\n"
        "heavy = {'json', 'tomllib', 'difflib', 'pathlib', 'pydantic', 'asyncio', 'importlib.metadata'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.stdout.strip(), done.stderr) == ("[]", "")
