from __future__ import annotations

import pytest

from modelstream.errors import ConfigError, PluginLoadError, UnknownModelTypeError, UnknownSinkTypeError
from modelstream.plugins.known import KNOWN
from modelstream.plugins.registry import Registry


def message(call, error):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_an_unknown_name_is_reported_with_a_suggestion_and_what_is_installed(site, registry):
    site.plugin("echo", models={"echo_chat": "echo:Echo", "parrot": "echo:Echo"})

    assert message(lambda: registry.model_wrapper("echo_caht", {}), UnknownModelTypeError) == (
        "No installed plugin offers the model_type 'echo_caht'. Did you mean 'echo_chat'?\n"
        "Installed: echo_chat, parrot."
    )


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KNOWN for name in KNOWN[kind]])
def test_a_known_name_that_is_not_installed_comes_with_its_pip_install(registry, kind, name):
    ask, error = {
        "model": (lambda: registry.model_wrapper(name, {}), UnknownModelTypeError),
        "sink": (lambda: registry.sink(name), UnknownSinkTypeError),
        "command": (lambda: registry.command(name), ConfigError),
        "dialect": (lambda: registry.dialect(name), ConfigError),
    }[kind]

    assert f" `pip install {KNOWN[kind][name]}` provides it.\nInstalled: none." in message(ask, error)


def test_a_name_close_to_a_known_one_comes_with_both_hints(registry):
    assert "Did you mean 'gemini_chat'? `pip install modelstream-gemini` provides it." in message(
        lambda: registry.model_wrapper("gemini-chat", {}), UnknownModelTypeError
    )


def test_an_installed_name_is_not_suggested_for_installation(site, registry):
    site.plugin("openai", models={"openai_chat": "openai:Echo"})

    hint = message(lambda: registry.model_wrapper("openai", {}), UnknownModelTypeError)

    assert "Did you mean 'openai_chat'?\n" in hint


def test_a_plugin_installed_meanwhile_is_found(site, registry):
    assert registry.names("model") == []

    site.plugin("echo", models={"echo": "echo:Echo"})

    assert registry.model_wrapper("echo", {"model_type": "echo"})


def test_models_and_sinks_do_not_share_names(site, registry):
    site.plugin("echo", models={"echo": "echo:Echo"})

    assert registry.names("sink") == []
    with pytest.raises(UnknownSinkTypeError):
        registry.sink("echo")


def test_a_name_offered_twice_is_an_error_for_that_name_only(site, registry):
    site.plugin("one", models={"echo": "one:Echo", "fine": "one:Echo"})
    site.plugin("two", models={"echo": "two:Echo"})

    text = message(lambda: registry.model_wrapper("echo", {}), PluginLoadError)

    assert "modelstream-one 1.0 (one:Echo)" in text
    assert "modelstream-two 1.0 (two:Echo)" in text
    assert "MODELSTREAM_BLOCK=modelstream-" in text
    assert registry.model_wrapper("fine", {"model_type": "fine"})
    assert {(i.state, i.distribution) for i in registry.describe() if i.name == "echo"} == {
        ("duplicate", "modelstream-one"),
        ("duplicate", "modelstream-two"),
    }


def test_blocking_one_distribution_settles_a_duplicate(site, registry, monkeypatch):
    site.plugin("one", models={"echo": "one:Echo"})
    site.plugin("two", models={"echo": "two:Echo"})
    monkeypatch.setenv("MODELSTREAM_BLOCK", "something, Modelstream_Two ,")

    assert type(registry.model_wrapper("echo", {})).__module__ == "one"
    assert {(i.distribution, i.state) for i in registry.describe()} == {
        ("modelstream-one", "loaded"),
        ("modelstream-two", "blocked"),
    }


def test_a_blocked_name_is_not_listed_and_the_error_says_what_blocks_it(site, registry, monkeypatch):
    site.plugin("one", "raise SystemExit", models={"echo": "one:Echo"}, sinks={"up": "one:Up"})
    monkeypatch.setenv("MODELSTREAM_BLOCK", "echo")

    assert registry.names("model") == []
    assert registry.names("sink") == ["up"]
    assert message(lambda: registry.model_wrapper("echo", {}), PluginLoadError) == (
        "model_type 'echo' of modelstream-one 1.0 (one:Echo) is disabled.\nMODELSTREAM_BLOCK is 'echo'."
    )


def test_a_name_listed_twice_by_one_distribution_with_one_value_is_one(site, registry):
    site.module("echo")
    info = site.install("modelstream-echo")
    (info / "entry_points.txt").write_text("[modelstream.models]\necho = echo:Echo\necho = echo:Echo\n")

    assert registry.model_wrapper("echo", {"model_type": "echo"})


def test_without_its_own_path_a_registry_reads_sys_path(site):
    registry = Registry()
    site.plugin("echo", models={"echo_of_this_test": "echo:Echo"})

    assert registry.model_wrapper("echo_of_this_test", {})
    assert "echo_of_this_test" in registry.names("model")
