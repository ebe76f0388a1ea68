"""`init`: what it accepts, what it refuses, and what happens to the previous sinks."""

from __future__ import annotations

import logging

import pytest
from recording_sink import LIMIT, Gate, MessageWriter, RecordingSink

import modelstream
from modelstream import ConfigError, StreamSink, UnknownConfigKeyError, UnknownSinkTypeError, program, show
from modelstream.models import config_store
from modelstream.plugins.registry import registry
from modelstream.program import current_sinks
from modelstream.sinks.active import STUDIO
from modelstream.sinks.delivery.background import flush


class Simple(StreamSink):
    """A sink that can be named in `init`."""

    sink_type = "simple"
    delivery = "inline"
    created = []  # noqa: RUF012

    def __init__(self, level=1):
        if level == "broken":
            raise ConfigError("Sink 'simple': level is 'broken'; expected a number.")
        self.level = level
        self.run = (program.run.id, program.run.project, program.run.name)
        self.ended = 0
        self.created.append(self)

    def write(self, message, snapshot):
        pass

    def shutdown(self):
        self.ended += 1


@pytest.fixture(autouse=True)
def _simple(monkeypatch):
    monkeypatch.delenv(STUDIO, raising=False)
    monkeypatch.setattr(Simple, "created", [])
    registry().register(Simple)
    yield
    registry().unregister(Simple)
    config_store().clear()
    logging.getLogger("modelstream").setLevel(logging.NOTSET)


# Which sinks


@pytest.mark.parametrize("spec", ["simple", ["simple"], {"sink_type": "simple"}, [Simple], Simple])
def test_sinks_by_name(spec):
    modelstream.init(sinks=spec)
    (sink,) = current_sinks()
    assert isinstance(sink, Simple)
    assert sink.level == 1


def test_sinks_with_options_objects_and_functions():
    own, shown = Simple(5), []

    def remember(message, snapshot):
        shown.append(snapshot.text)

    modelstream.init(sinks=[{"sink_type": "simple", "level": 3}, own, remember])
    first, second, third = current_sinks()
    assert first.level == 3
    assert second is own
    assert (third.sink_type, third.delivery) == ("remember", "background")
    show("Hello")
    assert flush(LIMIT)
    assert shown == ["Hello", "Hello"]


def test_no_sinks():
    modelstream.init(sinks=[])
    assert list(current_sinks()) == []
    show("not shown anywhere")


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        (7, "sinks: 7 is not a sink"),
        ([None], "sinks: None is not a sink"),
        ({"type": "simple"}, "sinks: a dict without 'sink_type', with 'type'"),
        ({"sinktype": "simple"}, "Did you mean 'sink_type' instead of 'sinktype'?"),
        ({"sink_type": None}, "sinks: sink_type is None; expected a name"),
        ({"sink_type": "simple", "levle": 1}, "no option 'levle'.*Did you mean 'level'"),
        ({"sink_type": "simple", "level": "broken"}, "level is 'broken'"),
        (lambda text: None, r"can't be called with \(message, snapshot\)"),
        ("simpel", "Did you mean 'simple'"),
    ],
    ids=["number", "none", "type", "sinktype", "nameless", "option", "value", "function", "name"],
)
def test_invalid_sinks(spec, complaint):
    with pytest.raises(ConfigError, match=f"(?s){complaint}"):
        modelstream.init(sinks=spec)


@pytest.mark.parametrize("delivery", ["inline", "background"])
def test_when_full_block_is_refused_by_init(delivery):
    class Blocking(StreamSink):
        sink_type = "blocking"
        when_full = "block"

        def write(self, message, snapshot):
            pass

    Blocking.delivery = delivery
    for spec in (Blocking, Blocking()):
        with pytest.raises(ConfigError, match="Sink 'blocking': when_full='block' is unsupported"):
            modelstream.init(sinks=[spec])


def test_when_full_coalesce_of_earlier_versions_is_accepted():
    sink = RecordingSink(when_full="coalesce")
    modelstream.init(sinks=sink)
    show("Hello")
    assert flush(LIMIT)
    assert sink.only.text == "Hello"


def test_an_async_function_is_not_a_sink():
    async def later(message, snapshot):
        pass

    with pytest.raises(ConfigError, match="later is async"):
        modelstream.init(sinks=later)


def test_print_is_a_sink(capsys):
    modelstream.init(sinks=print)
    show("Hello")
    assert flush(LIMIT)
    assert "(False, 'Hello')" in capsys.readouterr().out


# One init after another


def test_init_again_shuts_the_old_sinks_down():
    first = RecordingSink()
    modelstream.init(sinks=[first, "simple"])
    show("one")
    (_, simple) = current_sinks()
    second = RecordingSink()
    modelstream.init(sinks=second)
    show("two")
    assert first.only.text == "one"
    assert first.shutdowns == simple.ended == 1
    assert second.only.text == "two"


def test_the_old_sinks_are_shut_down_before_the_new_ones_are_created():
    # They may hold the same port.
    modelstream.init(sinks="simple")
    ended = []

    def make(message, snapshot):
        pass

    class Second(StreamSink):
        sink_type = "second"

        def __init__(self):
            ended.append(Simple.created[0].ended)

    modelstream.init(sinks=[Second, make])
    assert ended == [1]


def test_a_sink_that_is_passed_again_stays():
    sink = RecordingSink()
    modelstream.init(sinks=sink)
    show("one")
    modelstream.init(sinks=[sink])
    show("two")
    assert sink.shutdowns == 0
    assert [record.text for record in sink.all_records] == ["one", "two"]


def test_a_sink_that_was_shut_down_can_be_used_again():
    sink = RecordingSink()
    for text in ("one", "two"):
        modelstream.init(sinks=sink)
        show(text)
        modelstream.init(sinks=[])
    assert [record.text for record in sink.all_records] == ["one", "two"]
    assert sink.shutdowns == 2


def test_a_message_that_is_open_when_its_sink_goes_is_closed():
    old, other = RecordingSink(), RecordingSink(delivery="inline")
    modelstream.init(sinks=[old, other])
    writer = MessageWriter(*current_sinks()).write("Hel")
    modelstream.init(sinks=[])
    writer.write("lo").done()
    for sink in (old, other):
        assert sink.only.methods == ["open", "write", "close"]
        assert (sink.only.outcome.state, sink.only.outcome.error) == ("cancelled", None)


def test_init_does_not_wait_for_ever_for_a_sink_that_hangs(warnings):
    with Gate() as gate:
        hanging = RecordingSink(gate)
        modelstream.init(sinks=hanging)
        MessageWriter(hanging).write("a")
        modelstream.init(sinks=[])
        assert warnings() == [
            ("WARNING", "sink 'recording' did not finish in time: its output may be incomplete")
        ]
        assert hanging.shutdowns == 0
    assert hanging.shutdowns == 1


def test_a_sink_that_fails_in_shutdown(warnings):
    def fail(method, message, item):
        if method == "shutdown":
            raise ValueError("stuck")

    modelstream.init(sinks=[RecordingSink(fail), RecordingSink(fail, delivery="inline"), "simple"])
    modelstream.shutdown()
    assert len([text for _, text in warnings() if "failed in shutdown: ValueError: stuck" in text]) == 2
    assert Simple.created[0].ended == 1


def test_a_sink_that_cannot_be_created_shuts_the_others_down():
    with pytest.raises(UnknownSinkTypeError):
        modelstream.init(sinks=["simple", "nowhere"])
    assert Simple.created[0].ended == 1
    assert list(current_sinks()) == []


def test_shutdown_resets_the_program():
    modelstream.init(sinks="simple")
    modelstream.shutdown()
    assert Simple.created[0].ended == 1
    modelstream.shutdown()
    assert Simple.created[0].ended == 1


# The rest of the arguments


def test_model_configs_are_loaded():
    modelstream.init(model_configs={"config_name": "my-model", "model_type": "some_chat"}, sinks=[])
    assert config_store().names() == ["my-model"]


def test_wrong_model_configs_leave_the_sinks_alone():
    modelstream.init(sinks="simple")
    with pytest.raises(ConfigError):
        modelstream.init(model_configs={"config_name": "x"}, sinks=[])
    assert Simple.created[0].ended == 0
    assert list(current_sinks()) == Simple.created


def test_sinks_get_the_run():
    modelstream.init(None, "my project", "my run", sinks="simple", runtime_id="42")
    assert Simple.created[0].run == ("42", "my project", "my run")
    modelstream.init(sinks="simple")
    first = program.run.id
    assert Simple.created[1].run == (first, None, None)
    assert first != "42"
    assert repr(program.run) == f"Run({first!r}, project=None, name=None)"


def test_arguments_of_agentscope_are_accepted(warnings):
    modelstream.init(
        project="p",
        save_dir="./runs",
        save_log=False,
        save_code=True,
        save_api_invoke=False,
        cache_dir=None,
        use_monitor=True,
        disable_saving=True,
        agent_configs=None,
        logger_level="SUCCESS",
        sinks=[],
    )
    assert warnings() == [
        (
            "WARNING",
            "init: save_code, save_dir, use_monitor: accepted as in AgentScope 0.1, but without effect here",
        )
    ]
    assert logging.getLogger("modelstream").level == logging.INFO


def test_unknown_arguments():
    with pytest.raises(UnknownConfigKeyError, match=r"init has no argument 'sink'\. Did you mean 'sinks'"):
        modelstream.init(sink=["simple"])
    with pytest.raises(UnknownConfigKeyError, match="Did you mean 'model_configs'"):
        modelstream.init(model_config={})
    assert not Simple.created


@pytest.mark.parametrize("level", ["LOUD", 1.5])
def test_levels_that_do_not_exist(level):
    with pytest.raises(ConfigError, match=f"logger_level is {level!r}; expected DEBUG"):
        modelstream.init(sinks=[], logger_level=level)


@pytest.mark.parametrize("level", ["debug", logging.DEBUG])
def test_levels(level):
    modelstream.init(sinks=[], logger_level=level)
    assert logging.getLogger("modelstream").level == logging.DEBUG


# The studio


class Studio(StreamSink):
    sink_type = "studio"
    delivery = "inline"

    def __init__(self, url):
        self.url = url

    def write(self, message, snapshot):
        pass


@pytest.fixture
def _studio():
    registry().register(Studio, exist_ok=True)
    yield
    registry().unregister(Studio)


@pytest.mark.usefixtures("_studio")
def test_studio_url_adds_a_studio(monkeypatch):
    modelstream.init(sinks="simple", studio_url="http://127.0.0.1:1")
    assert [type(sink) for sink in current_sinks()] == [Simple, Studio]
    assert current_sinks()[1].url == "http://127.0.0.1:1"
    monkeypatch.setenv(STUDIO, "http://127.0.0.1:2")
    modelstream.init(sinks=[])
    assert [sink.url for sink in current_sinks()] == ["http://127.0.0.1:2"]
    modelstream.init(sinks=[], studio_url="http://127.0.0.1:3")
    assert [sink.url for sink in current_sinks()] == ["http://127.0.0.1:3"]
    modelstream.init(sinks={"sink_type": "studio", "url": "http://127.0.0.1:4"})
    assert [sink.url for sink in current_sinks()] == ["http://127.0.0.1:4"]
    modelstream.init(sinks=["studio"], studio_url="http://127.0.0.1:5")
    assert [sink.url for sink in current_sinks()] == ["http://127.0.0.1:5"]


def test_a_studio_that_is_not_installed():
    if "studio" in registry().names("sink"):
        pytest.skip("the studio is installed here")
    with pytest.raises(UnknownSinkTypeError, match="`pip install modelstream-studio`"):
        modelstream.init(sinks=[], studio_url="http://127.0.0.1:1")
