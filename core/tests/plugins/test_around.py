"""Hook wrappers of other plugins, around the creation of every model wrapper and every sink."""

from __future__ import annotations

import logging
import sys
import threading

import pytest

from modelstream.cli.app import app
from modelstream.cli.failures import run
from modelstream.errors import ConfigError, PluginLoadError, UnknownModelTypeError
from modelstream.hookspecs import hookimpl
from modelstream.plugins import registry as module
from modelstream.plugins.registry import PluginInfo
from modelstream.sinks.base import StreamSink
from modelstream.wrapper import ModelWrapper

TRACE = """
    from modelstream import hookimpl

    @hookimpl(wrapper=True)
    def modelstream_model_wrapper(model_type, config):
        result = yield
        result.seen = [*getattr(result, "seen", []), (__name__, model_type, config["model_name"])]
        return result

    @hookimpl(wrapper=True)
    def modelstream_stream_sink(sink_type, options):
        result = yield
        result.seen = (__name__, sink_type, options)
        return result
"""

BOTH = """
    from modelstream.sinks.base import StreamSink
    from modelstream.wrapper import ModelWrapper

    class Echo(ModelWrapper): ...
    class Sink(StreamSink): ...
"""

CONFIG = {"model_type": "echo", "model_name": "small"}


def around(body, mark="wrapper=True"):
    """A module with one hook wrapper, for models."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    head = f"from modelstream import ConfigError, ModelWrapper, hookimpl\n\n@hookimpl({mark})\n"
    return f"{head}def modelstream_model_wrapper(model_type, config):\n{lines}\n"


@pytest.fixture
def both(site):
    """A site with a model `echo` and a sink `upper`."""
    site.plugin("both", BOTH, models={"echo": "both:Echo"}, sinks={"upper": "both:Sink"})
    return site


def test_it_sees_and_may_change_the_result(both, registry):
    both.plugin("trace", TRACE, plugins={"trace": "trace"})

    assert registry.model_wrapper("echo", CONFIG).seen == [("trace", "echo", "small")]
    assert registry.sink("upper").seen == ("trace", "upper", {})


def test_it_may_hand_over_another_wrapper(both, registry):
    both.plugin(
        "other",
        around(
            "result = yield\nother = ModelWrapper(model_type='other')\nother.inner = result\nreturn other"
        ),
        plugins={"other": "other"},
    )

    result = registry.model_wrapper("echo", CONFIG)

    assert result.config.model_type == "other"
    assert type(result.inner).__name__ == "Echo"


def test_it_is_loaded_with_the_first_model_or_sink_and_not_before(both, registry):
    both.plugin("trace", TRACE, plugins={"trace": "trace"})

    registry.describe()
    registry.names("model")
    with pytest.raises(UnknownModelTypeError):
        registry.model_wrapper("unknown", CONFIG)
    assert "trace" not in sys.modules

    registry.sink("upper")
    assert "trace" in sys.modules


def test_their_order_is_that_of_pluggy(both, registry):
    both.plugin("a", TRACE, plugins={"a": "a"})
    both.plugin("b", TRACE, plugins={"b": "b"})
    both.plugin("c", TRACE.replace("wrapper=True", "wrapper=True, trylast=True"), plugins={"c": "c"})
    both.plugin("d", TRACE.replace("wrapper=True", "wrapper=True, tryfirst=True"), plugins={"d": "d"})

    seen = [name for name, *_ in registry.model_wrapper("echo", CONFIG).seen]

    # The first to be called is the last to see the result.
    assert seen == ["c", "a", "b", "d"]


def test_the_old_style_of_pluggy_works(both, registry):
    body = "outcome = yield\noutcome.get_result().seen = model_type"
    both.plugin("old", around(body, "hookwrapper=True"), plugins={"old": "old"})

    assert registry.model_wrapper("echo", CONFIG).seen == "echo"


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("", "it has no hook wrapper, a hook marked with @hookimpl(wrapper=True)"),
        (around("return None", ""), "it has no hook wrapper"),
        (around("return None"), "not a generator function"),
        (TRACE.replace("modelstream_stream_sink", "modelstream_sink"), "unknown hook 'modelstream_sink'"),
    ],
)
def test_a_broken_one_is_logged_once_and_then_skipped(both, registry, caplog, source, cause):
    both.plugin("bad", source, plugins={"bad": "bad"})
    both.plugin("trace", TRACE, plugins={"trace": "trace"})

    with caplog.at_level(logging.WARNING, "modelstream"):
        result = [registry.model_wrapper("echo", CONFIG) for _ in "abc"]
        assert registry.sink("upper").seen

    assert [one.seen for one in result] == [[("trace", "echo", "small")]] * 3
    (record,) = caplog.records
    assert "plugin 'bad': modelstream-bad 1.0 (bad) does not load: " in record.getMessage()
    assert cause in record.getMessage()
    (info,) = (one for one in registry.describe() if one.name == "bad")
    assert (info.kind, info.state) == ("plugin", "broken")
    assert cause in info.why


@pytest.mark.parametrize("blocked", ["trace", "modelstream-trace"])
def test_the_user_switches_it_off_by_its_name_or_distribution(both, registry, monkeypatch, blocked):
    both.plugin("trace", TRACE, plugins={"trace": "trace"})
    monkeypatch.setenv("MODELSTREAM_BLOCK", blocked)

    assert not hasattr(registry.model_wrapper("echo", CONFIG), "seen")
    assert "trace" not in sys.modules


def test_it_is_listed(both, registry, monkeypatch, capsys):
    both.plugin("trace", TRACE, plugins={"trace": "trace"})
    monkeypatch.setattr(module, "_shared", registry)

    assert run(app, ["plugins"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["plugin", "trace", "modelstream-trace", "1.0", "loaded"] in lines


def test_two_of_one_name_both_run(both, registry):
    both.plugin("a", TRACE, plugins={"trace": "a"})
    both.plugin("b", TRACE, plugins={"trace": "b"})

    assert len(registry.model_wrapper("echo", CONFIG).seen) == 2
    assert {one.state for one in registry.describe() if one.kind == "plugin"} == {"loaded"}


def test_one_that_is_offered_twice_runs_once(both, registry):
    both.plugin("trace", TRACE, plugins={"trace": "trace", "again": "trace"})

    assert len(registry.model_wrapper("echo", CONFIG).seen) == 1


@pytest.mark.parametrize("body", ["1 / 0\nyield", "result = yield\n1 / 0"])
@pytest.mark.parametrize("outer", [(), ("a",), ("z",), ("a", "z")])
def test_its_exception_names_only_itself(both, registry, body, outer):
    both.plugin("guilty", around(body), plugins={"guilty": "guilty"})
    for name in outer:
        both.plugin(name, TRACE, plugins={name: name})

    with pytest.raises(PluginLoadError) as caught:
        registry.model_wrapper("echo", CONFIG)

    assert str(caught.value).startswith(
        "plugin 'guilty': modelstream-guilty 1.0 (guilty) failed: ZeroDivisionError: division by zero"
    )
    states = {one.name: (one.state, one.why) for one in registry.describe(load=True)}
    assert states["echo"] == states["guilty"] == ("loaded", None)


def test_a_modelstream_error_passes_unchanged(both, registry):
    both.plugin("guard", around("raise ConfigError('not today')\nyield"), plugins={"guard": "guard"})

    with pytest.raises(ConfigError, match=r"^not today$"):
        registry.model_wrapper("echo", CONFIG)
    assert registry.sink("upper")


def test_it_may_return_a_replacement_after_a_failure(both, registry):
    body = "try:\n    return (yield)\nexcept ConfigError:\n    return ModelWrapper(model_type='spare')"
    both.plugin("spare", around(body), plugins={"spare": "spare"})

    result = registry.model_wrapper("echo", {"model_type": "echo", "no_such_field": 1})

    assert result.config.model_type == "spare"


def test_an_error_of_the_plugin_of_the_model_names_that_plugin(both, registry):
    both.plugin("trace", TRACE, plugins={"trace": "trace"})
    both.plugin("bad", around("return {}", ""), models={"bad": "bad"})

    with pytest.raises(
        PluginLoadError, match=r"^model_type 'bad': modelstream-bad 1.0 \(bad\) does not load"
    ):
        registry.model_wrapper("bad", {})


def test_a_missing_return_is_reported(both, registry):
    both.plugin("silent", around("result = yield"), plugins={"silent": "silent"})

    with pytest.raises(PluginLoadError) as caught:
        registry.model_wrapper("echo", CONFIG)

    assert "plugin 'silent'" in str(caught.value)
    assert "modelstream_model_wrapper returned None, not a ModelWrapper" in str(caught.value)


def test_all_that_may_have_caused_the_error_are_named(both, registry):
    both.plugin("silent", around("result = yield"), plugins={"silent": "silent"})
    # Nor does a traceback lead into one that does not yield a second time.
    both.plugin("twice", around("yield\nyield"), plugins={"twice": "twice"})

    with pytest.raises(PluginLoadError, match=r"one of the plugins .*\(silent\), .*\(twice\) failed: "):
        registry.model_wrapper("echo", CONFIG)


def test_what_it_creates_during_its_import_is_not_wrapped(both, registry, monkeypatch, caplog):
    monkeypatch.setattr(sys, "registry_under_test", registry, raising=False)
    own = "import sys\nresult = sys.registry_under_test.sink('upper')\n"
    both.module("own", own)
    with (both.path / "own.py").open("a") as file:
        file.write(around("result = yield\nresult.seen = 1\nreturn result"))
    both.install("modelstream-own", plugins={"own": "own"})

    assert registry.model_wrapper("echo", CONFIG).seen == 1
    assert not hasattr(sys.modules["own"].result, "seen")
    assert caplog.records == []


class Tracer:
    """A program's own."""

    @hookimpl(wrapper=True)
    def modelstream_model_wrapper(self, model_type):
        result = yield
        result.traced = [*getattr(result, "traced", []), self]
        return result


def test_a_program_registers_and_unregisters_its_own(both, registry):
    first, second = Tracer(), Tracer()
    assert registry.register(first) is first
    registry.register(second, "second")

    assert registry.model_wrapper("echo", CONFIG).traced == [first, second]
    assert [one for one in registry.describe() if one.kind == "plugin" and one.name == "second"] == [
        PluginInfo("plugin", "second", None, None, repr(second), "loaded")
    ]

    registry.unregister(first)
    assert registry.model_wrapper("echo", CONFIG).traced == [second]


def test_an_object_may_offer_a_model_and_wrap_the_sinks(both, registry):
    class Two:
        @hookimpl
        def modelstream_model_wrapper(self, config):
            return ModelWrapper(config)

        @hookimpl(wrapper=True)
        def modelstream_stream_sink(self):
            sink = yield
            sink.seen = True
            return sink

    registry.register(Two(), "two")

    assert registry.model_wrapper("two", {"model_type": "two"})
    assert type(registry.model_wrapper("echo", CONFIG)).__name__ == "Echo"
    assert registry.sink("upper").seen


def test_a_class_whose_hooks_are_methods_is_refused(registry):
    with pytest.raises(PluginLoadError, match="its hooks are methods: register an instance, not the class"):
        registry.register(Tracer)
    assert registry.describe() == []


def test_the_public_functions_use_the_shared_registry(registry, monkeypatch):
    import modelstream

    monkeypatch.setattr(module, "_shared", registry)
    tracer = modelstream.register(Tracer(), "tracer")
    assert registry.names("plugin") == ["tracer"]
    modelstream.unregister(tracer)
    assert registry.names("plugin") == []


def test_threads_that_load_it_at_once_log_a_broken_one_once(both, registry, caplog):
    both.plugin("bad", "import time; time.sleep(0.1); 1 / 0", plugins={"bad": "bad"})
    barrier = threading.Barrier(8)

    def make():
        barrier.wait()
        registry.sink("upper")

    threads = [threading.Thread(target=make) for _ in range(8)]
    with caplog.at_level(logging.WARNING, "modelstream"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(caplog.records) == 1


class Nothing:
    @staticmethod
    @hookimpl
    def modelstream_model_wrapper(config):
        return ModelWrapper(config) if config.get("model_name") else None

    @staticmethod
    @hookimpl
    def modelstream_stream_sink(options):
        return StreamSink() if options else None


def test_a_hook_that_returns_none_does_not_serve_this_config_and_serves_the_next(registry):
    registry.register(Nothing, "picky")

    for _ in "ab":
        with pytest.raises(
            ConfigError, match=r"Nothing .* does not serve model_type 'picky' with this config\.$"
        ) as caught:
            registry.model_wrapper("picky", {"model_type": "picky"})
        assert not isinstance(caught.value, PluginLoadError)
        with pytest.raises(ConfigError, match=r"does not serve sink_type 'picky' with these options\.$"):
            registry.sink("picky")
        assert registry.model_wrapper("picky", {"model_type": "picky", "model_name": "small"})
        assert registry.sink("picky", {"path": "x"})
    assert {one.state for one in registry.describe()} == {"loaded"}


def test_the_first_result_counts(site, registry):
    source = around("return None", "tryfirst=True") + (
        "\n@hookimpl(specname='modelstream_model_wrapper')\n"
        "def second(config):\n    return ModelWrapper(config)\n"
        "\n@hookimpl(specname='modelstream_model_wrapper', trylast=True)\ndef third(config):\n    1 / 0\n"
    )
    site.plugin("many", source, models={"many": "many"})

    assert registry.model_wrapper("many", {"model_type": "many"})
