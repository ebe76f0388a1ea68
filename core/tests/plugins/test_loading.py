from __future__ import annotations

import sys

import pytest

from modelstream.errors import (
    AuthenticationError,
    ConfigError,
    MissingApiKeyError,
    PluginLoadError,
    UnknownConfigKeyError,
)

HOOKS = """
    from modelstream.hookspecs import hookimpl
    from modelstream.sinks.base import StreamSink
    from modelstream.wrapper import ModelWrapper

    @hookimpl
    def modelstream_model_wrapper(model_type, config):
        if model_type in {"loud", "quiet"}:
            wrapper = ModelWrapper(config)
            wrapper.how = model_type
            return wrapper

    @hookimpl
    def modelstream_stream_sink():
        return StreamSink()
"""


def hook(definition):
    """A module with a class `Echo` that has this hook."""
    return (
        "from modelstream.hookspecs import hookimpl\n"
        f"class Echo:\n    @staticmethod\n    @hookimpl\n    def {definition}\n"
    )


BROKEN = {
    "a missing SDK": ("import no_such_sdk", "ModuleNotFoundError: No module named 'no_such_sdk'"),
    "an error at import": ("1 / 0", "ZeroDivisionError: division by zero"),
    "a syntax error": ("def broken(:", "SyntaxError: "),
    "an exit at import": ("raise SystemExit(3)", "SystemExit: 3"),
    "no such attribute": ("Echo2 = 1", "AttributeError: module 'bad' has no attribute 'Echo'"),
    "not a plugin": ("class Echo: pass", "it has no modelstream_model_wrapper marked with @hookimpl"),
    "a hook without its mark": (
        "class Echo:\n    @staticmethod\n    def modelstream_model_wrapper(config): ...",
        "it has no modelstream_model_wrapper marked with @hookimpl",
    ),
    "a misspelt hook": (
        hook("modelstream_model_wraper(config): ..."),
        "unknown hook 'modelstream_model_wraper'",
    ),
    "a wrong argument": (
        hook("modelstream_model_wrapper(konfig): ..."),
        "Argument(s) {'konfig'}",
    ),
    "a hook that makes something else": (
        hook("modelstream_model_wrapper(config): return {}"),
        "its hook returned a dict, not a ModelWrapper",
    ),
    "a sink offered as a model": (
        "from modelstream.sinks.base import StreamSink as Echo",
        "it has no modelstream_model_wrapper marked with @hookimpl",
    ),
}


def test_a_plugin_is_imported_when_it_is_first_used_and_no_other_is(site, registry):
    site.plugin("echo", models={"echo": "echo:Echo"})
    site.plugin("other", models={"other": "other:Echo"})

    assert registry.names("model") == ["echo", "other"]
    assert not {"echo", "other"} & set(sys.modules)

    wrapper = registry.model_wrapper("echo", {"model_type": "echo", "model_name": "small"})

    assert isinstance(wrapper, sys.modules["echo"].Echo)
    assert wrapper.config.model_name == "small"
    assert "other" not in sys.modules


def test_every_use_creates_a_new_wrapper(site, registry):
    site.plugin("echo", models={"echo": "echo:Echo"})

    assert registry.model_wrapper("echo", {}) is not registry.model_wrapper("echo", {})


def test_a_module_with_hooks_serves_several_names_of_both_kinds(site, registry):
    site.plugin("many", HOOKS, models={"loud": "many", "quiet": "many"}, sinks={"nowhere": "many"})

    assert [registry.model_wrapper(name, {"model_type": name}).how for name in ("loud", "quiet")] == [
        "loud",
        "quiet",
    ]
    assert type(registry.sink("nowhere")).__name__ == "StreamSink"


def test_a_class_within_a_class_and_extras_are_found(site, registry):
    source = "from modelstream.wrapper import ModelWrapper\nclass A:\n    class Echo(ModelWrapper): ...\n"
    site.plugin("deep", source, models={"echo": "deep : A.Echo [fast]"})

    assert registry.model_wrapper("echo", {"model_type": "echo"})


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_plugin_is_one_clear_error_and_harmless_to_the_rest(site, registry, what):
    source, cause = BROKEN[what]
    site.plugin("bad", source, models={"bad": "bad:Echo"})
    site.plugin("good", models={"good": "good:Echo"})

    with pytest.raises(PluginLoadError) as caught:
        registry.model_wrapper("bad", {"model_type": "bad"})

    message = str(caught.value)
    assert message.startswith("model_type 'bad': modelstream-bad 1.0 (bad:Echo) does not load: ")
    assert cause in message
    assert len(message.splitlines()) == 2
    assert caught.value.__cause__ is not None
    assert registry.model_wrapper("good", {"model_type": "good"})
    states = {info.name: (info.state, info.why) for info in registry.describe()}
    assert states["bad"][0] == "broken"
    assert cause in states["bad"][1]
    assert states["good"] == ("loaded", None)


def test_a_missing_module_is_reported_with_its_pip_install(site, registry):
    site.plugin("bad", "import no_such_sdk", models={"bad": "bad:Echo"})
    site.install("modelstream-gone", models={"gone": "gone:Echo"})

    with pytest.raises(
        PluginLoadError, match=r"\n`pip install modelstream-bad` installs the missing module\.$"
    ):
        registry.model_wrapper("bad", {})
    with pytest.raises(
        PluginLoadError,
        match="\n`pip install --force-reinstall modelstream-gone` installs the missing module",
    ):
        registry.model_wrapper("gone", {})


def test_an_author_is_shown_the_hook(site, registry):
    site.plugin("bad", BROKEN["a misspelt hook"][0], sinks={"bad": "bad:Echo"})

    with pytest.raises(PluginLoadError, match=r"\nThe hook is modelstream_stream_sink\(sink_type, options\)"):
        registry.sink("bad")


def test_a_failure_is_remembered_until_refresh(site, registry):
    site.plugin("bad", "import no_such_sdk", models={"bad": "bad:Echo"})
    with pytest.raises(PluginLoadError) as first:
        registry.model_wrapper("bad", {})

    site.module("no_such_sdk", "")
    site.module("bad")
    with pytest.raises(PluginLoadError) as second:
        registry.model_wrapper("bad", {})
    assert str(second.value) == str(first.value)

    registry.refresh()
    assert registry.model_wrapper("bad", {"model_type": "bad"})


def test_a_plugin_that_loads_itself_while_it_is_imported_is_broken_not_stuck(site, registry, monkeypatch):
    site.plugin(
        "own", "import sys\nsys.registry_under_test.model_wrapper('own', {})", models={"own": "own:Echo"}
    )
    monkeypatch.setattr(sys, "registry_under_test", registry, raising=False)

    with pytest.raises(PluginLoadError, match="does not load"):
        registry.model_wrapper("own", {})


RAISING = """
    from modelstream import errors
    from modelstream.sinks.base import StreamSink
    from modelstream.wrapper import ModelWrapper

    class Wrapper(ModelWrapper):
        def __init__(self, config):
            if config["raises"]:
                raise eval(config["raises"])
            super().__init__(model_type="x")

    class Sink(StreamSink):
        def __init__(self, path, *, mode="w"):
            self.mode = mode
            if path == "bug":
                int([])
"""


@pytest.mark.parametrize("error", [ConfigError, MissingApiKeyError, AuthenticationError])
def test_a_modelstream_error_of_a_constructor_passes_unchanged(site, registry, error):
    site.plugin("picky", RAISING, models={"picky": "picky:Wrapper"})

    with pytest.raises(error, match=r"^as it is$") as caught:
        registry.model_wrapper("picky", {"raises": f"errors.{error.__name__}('as it is')"})

    assert type(caught.value) is error


def test_any_other_error_of_a_constructor_names_the_plugin_which_stays_loaded(site, registry):
    site.plugin("picky", RAISING, models={"picky": "picky:Wrapper"})

    with pytest.raises(PluginLoadError) as caught:
        registry.model_wrapper("picky", {"raises": "OSError(28, 'No space left on device')"})

    assert str(caught.value).startswith(
        "model_type 'picky': modelstream-picky 1.0 (picky:Wrapper) failed: OSError: [Errno 28] No space left"
    )
    assert registry.model_wrapper("picky", {"raises": ""})
    assert registry.describe()[0].state == "loaded"


def test_a_long_cause_is_shortened_to_one_line(site, registry):
    site.plugin("bad", "raise RuntimeError('word\\n' * 500)", models={"bad": "bad:Echo"})

    with pytest.raises(PluginLoadError) as caught:
        registry.model_wrapper("bad", {})

    assert len(str(caught.value).splitlines()) == 2
    assert "RuntimeError: word word" in str(caught.value)
    assert len(str(caught.value)) < 700


def test_the_error_of_a_sink_with_unknown_options_is_reported_unchanged(site, registry):
    source = "from modelstream.sinks.base import StreamSink\nclass Odd(StreamSink):\n    __signature__ = 3\n"
    site.plugin("odd", source, sinks={"odd": "odd:Odd"})

    with pytest.raises(PluginLoadError, match=r"failed: TypeError: Odd\(\) takes no arguments"):
        registry.sink("odd", {"path": 1})


def test_a_sink_gets_its_options_or_an_error_lists_them(site, registry):
    site.plugin("file", RAISING, sinks={"file": "file:Sink"})

    assert registry.sink("file", {"path": "a", "mode": "a"}).mode == "a"
    with pytest.raises(UnknownConfigKeyError) as caught:
        registry.sink("file", {"path": "a", "mod": "a"})
    assert str(caught.value) == (
        "Sink 'file' has no option 'mod'. Did you mean 'mode'?\nIts options: mode, path."
    )
    with pytest.raises(ConfigError, match=r"^Sink 'file' needs the option 'path'.$"):
        registry.sink("file")
    with pytest.raises(PluginLoadError, match="failed: TypeError: int"):
        registry.sink("file", {"path": "bug"})
