from __future__ import annotations

import threading
import types

import pytest

import modelstream.plugins
from modelstream.errors import ConfigError, PluginLoadError
from modelstream.hookspecs import hookimpl
from modelstream.plugins.registry import registry as shared_registry
from modelstream.sinks.base import StreamSink
from modelstream.wrapper import ModelWrapper


class Echo(ModelWrapper):
    model_type = "echo"


class Upper(StreamSink):
    sink_type = "upper"


class OtherEcho(ModelWrapper):
    model_type = "echo"


def test_a_class_serves_its_model_type_and_is_handed_back(registry):
    assert registry.register(Echo) is Echo

    assert registry.names("model") == ["echo"]
    assert isinstance(registry.model_wrapper("echo", {}), Echo)


def test_a_sink_class_serves_its_sink_type(registry):
    registry.register(Upper)

    assert isinstance(registry.sink("upper"), Upper)


def test_a_name_argument_overrides_that_of_the_class(registry):
    registry.register(Echo, "parrot")

    assert registry.names("model") == ["parrot"]


def test_a_module_serves_the_name_argument_for_every_hook_it_has(registry):
    @hookimpl
    def modelstream_model_wrapper(config):
        return Echo(config)

    @hookimpl
    def modelstream_stream_sink():
        return Upper()

    module = types.ModuleType("both")
    module.modelstream_model_wrapper = modelstream_model_wrapper
    module.modelstream_stream_sink = modelstream_stream_sink

    registry.register(module, "both")

    assert isinstance(registry.model_wrapper("both", {}), Echo)
    assert isinstance(registry.sink("both"), Upper)


def test_without_a_name_the_error_says_how_to_set_one(registry):
    with pytest.raises(ConfigError, match="set its model_type, or pass the name"):
        registry.register(ModelWrapper)


@pytest.mark.parametrize("target", [3, "echo", print, threading])
def test_an_invalid_plugin_is_refused(registry, target):
    with pytest.raises(PluginLoadError, match="neither a ModelWrapper nor a StreamSink"):
        registry.register(target, "name")


def test_a_wrong_hook_is_refused(registry):
    class Wrong:
        @staticmethod
        @hookimpl
        def modelstream_model_wrapper(konfig): ...

    with pytest.raises(PluginLoadError, match=r"Wrong cannot be registered: .*konfig"):
        registry.register(Wrong, "wrong")


def test_a_name_conflict_names_both_unless_exist_ok_is_set(registry):
    registry.register(Echo)

    with pytest.raises(
        PluginLoadError, match=r":OtherEcho cannot .* already used by .*:Echo \(registered"
    ) as caught:
        registry.register(OtherEcho)

    assert "exist_ok=True" in str(caught.value)
    assert isinstance(registry.model_wrapper("echo", {}), Echo)
    registry.register(OtherEcho, exist_ok=True)
    assert isinstance(registry.model_wrapper("echo", {}), OtherEcho)


def test_the_name_of_an_installed_plugin_is_taken_too(site, registry):
    site.plugin("installed", models={"echo": "installed:Echo"})

    with pytest.raises(
        PluginLoadError, match=r"already used by modelstream-installed 1.0 \(installed:Echo\)"
    ):
        registry.register(Echo)

    registry.register(Echo, exist_ok=True)
    assert isinstance(registry.model_wrapper("echo", {}), Echo)
    registry.unregister(Echo)
    assert type(registry.model_wrapper("echo", {})).__module__ == "installed"


def test_a_blocked_plugin_leaves_its_name_free(site, registry, monkeypatch):
    site.plugin("installed", models={"echo": "installed:Echo"})
    monkeypatch.setenv("MODELSTREAM_BLOCK", "modelstream-installed")

    registry.register(Echo)

    assert isinstance(registry.model_wrapper("echo", {}), Echo)


def test_registering_again_or_defining_again_is_no_conflict(site, registry):
    site.plugin("packaged", models={"echo": "packaged:Echo"})
    first, second = (
        type("Echo", (ModelWrapper,), {"model_type": "echo", "__module__": "packaged"}) for _ in "ab"
    )

    registry.register(first)
    registry.register(first)
    registry.register(second)

    assert type(registry.model_wrapper("echo", {})) is second


def test_a_registered_plugin_is_described_without_a_distribution(registry):
    registry.register(Echo)

    (info,) = registry.describe()

    assert (info.kind, info.name, info.distribution, info.version, info.state) == (
        "model",
        "echo",
        None,
        None,
        "loaded",
    )
    assert info.value.endswith(":Echo")


def test_a_registered_plugin_that_fails_is_not_to_be_updated(registry):
    class Failing(ModelWrapper):
        def __init__(self, config):
            raise OSError("gone")

    registry.register(Failing, "failing")

    with pytest.raises(
        PluginLoadError, match=r"Failing \(registered by the program\) failed: OSError: gone$"
    ):
        registry.model_wrapper("failing", {})


def test_the_public_register_uses_the_shared_registry():
    @modelstream.plugins.register
    class Mine(ModelWrapper):
        model_type = "mine_of_this_test"

    try:
        assert isinstance(shared_registry().model_wrapper("mine_of_this_test", {}), Mine)
    finally:
        shared_registry().unregister(Mine)
    assert "mine_of_this_test" not in shared_registry().names("model")
