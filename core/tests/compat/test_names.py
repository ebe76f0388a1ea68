"""A program written for AgentScope 0.1, with nothing changed but its imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import modelstream
import modelstream.agentscope as agentscope  # noqa: PLR0402 - as a program would
from modelstream import Finish
from modelstream.agentscope.agents import AgentBase, DialogAgent, UserAgent
from modelstream.agentscope.logging import log_msg, log_stream_msg
from modelstream.agentscope.manager import ModelManager
from modelstream.agentscope.memory import TemporaryMemory
from modelstream.agentscope.message import Msg
from modelstream.agentscope.models import ModelResponse, ModelWrapperBase

CONFIG = {"config_name": "m", "model_type": "scripted", "stream": True}


def test_they_are_the_names_of_modelstream():
    assert agentscope.init is modelstream.init
    assert (AgentBase, DialogAgent, UserAgent) == (
        modelstream.AgentBase,
        modelstream.DialogAgent,
        modelstream.UserAgent,
    )
    assert (Msg, TemporaryMemory) == (modelstream.Msg, modelstream.TemporaryMemory)
    assert (log_msg, log_stream_msg) == (modelstream.log_msg, modelstream.log_stream_msg)
    assert ModelResponse is modelstream.ModelResponse
    assert issubclass(ModelWrapperBase, modelstream.ModelWrapper)


def test_the_modules_are_there_by_their_names():
    assert agentscope.agents.DialogAgent is DialogAgent
    assert agentscope.message.Msg is Msg
    assert agentscope.models.ModelResponse is ModelResponse
    assert agentscope.memory.TemporaryMemory is TemporaryMemory
    assert agentscope.manager.ModelManager is ModelManager


def test_init_accepts_the_arguments_of_agentscope(scripted, sink):
    scripted("Hi", Finish())
    agentscope.init(
        model_configs=[CONFIG],
        project="p",
        name="n",
        save_dir="./runs",
        save_log=True,
        save_code=True,
        save_api_invoke=False,
        use_monitor=True,
        logger_level="INFO",
        runtime_id="r",
        sinks=[sink],
    )
    agent = agentscope.agents.DialogAgent("Bob", "Be kind.", "m")
    assert agent(Msg("User", "Hello", "user")).content == "Hi"


def test_the_model_manager(scripted):
    scripted("Hi", Finish())
    manager = ModelManager.get_instance()
    assert ModelManager.get_instance() is manager
    manager.load_model_configs([CONFIG])
    model = manager.get_model_by_config_name("m")
    assert model("x").text == "Hi"
    assert manager.get_model_by_config_name("m") is not model
    assert manager.get_config_by_name("m") == CONFIG
    assert manager.get_config_by_name("nope") is None
    manager.load_model_configs({**CONFIG, "config_name": "n"}, clear_existing=True)
    assert manager.get_config_by_name("m") is None
    manager.clear_model_configs()
    assert manager.get_config_by_name("n") is None


def test_all_agents_of_a_hub_hear_each_other(scripted, sink):
    scripted("Hi", Finish())
    ann, bob, cleo = (DialogAgent(name, "", {"model_type": "scripted"}) for name in ("Ann", "Bob", "Cleo"))
    welcome = Msg("Host", "Welcome", "system")
    with agentscope.msghub([ann, bob], announcement=welcome) as hub:
        spoken = ann()
        assert bob.memory.get_memory() == [welcome, spoken]
        hub.add(cleo)
        hub.add([cleo])
        reply = bob()
        assert cleo.memory.get_memory() == [reply]
        hub.delete(ann)
        hub.broadcast(Msg("Host", "Bye", "system"))
        heard = ann.memory.size()
        bob()
        assert ann.memory.size() == heard
        assert [m.content for m in cleo.memory.get_memory()] == ["Hi", "Bye", "Hi"]
    bob()
    assert cleo.memory.size() == 3


def test_importing_it_loads_no_sdk_and_no_pydantic():
    code = (
        "import sys, modelstream.agentscope\n"
        "print([m for m in ('pydantic', 'asyncio', 'httpx', 'openai') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(modelstream.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "[]"
