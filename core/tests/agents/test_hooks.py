"""Hooks before and after reply, speak and observe, on objects and on classes."""

from __future__ import annotations

import asyncio

import pytest

from modelstream import AgentBase, Msg
from modelstream.agents.hooks import HOOK_TYPES


class Echo(AgentBase):
    def reply(self, x=None, *, times=1):
        self.speak(x)
        return Msg(self.name, x.content * times, "assistant")


class LoudEcho(Echo):
    def reply(self, x=None, *, times=1):
        reply_of_base = super().reply(x, times=times)
        return Msg(self.name, reply_of_base.content.upper(), "assistant")


@pytest.fixture(autouse=True)
def _no_class_hooks():
    yield
    for cls in (AgentBase, Echo, LoudEcho):
        cls.clear_all_class_hooks()


def hi():
    return Msg("Ann", "hi ", "user")


def test_pre_reply_may_replace_the_arguments(sink):
    agent = Echo("Bob")
    agent.register_hook("pre_reply", "shout", lambda self, args, kwargs: ((args[0],), {**kwargs, "times": 2}))
    assert agent(hi()).content == "hi hi "


def test_pre_reply_sees_copies(sink):
    def meddle(self, args, kwargs):
        args[0].content = "changed"
        kwargs["times"] = 9

    agent = Echo("Bob")
    agent.register_hook("pre_reply", "meddle", meddle)
    assert agent(hi(), times=1).content == "hi "


def test_post_reply_may_replace_the_reply(sink):
    def sign(self, args, kwargs, reply):
        assert args[0].content == "hi "
        reply.content += "(signed)"
        return reply

    agent = Echo("Bob")
    agent.register_hook("post_reply", "sign", sign)
    agent.register_hook("post_reply", "look", lambda *a: None)
    assert agent(hi()).content == "hi (signed)"


def test_hooks_run_once_for_a_reply_that_calls_its_super(sink):
    calls = []
    agent = LoudEcho("Bob")
    agent.register_hook("pre_reply", "count", lambda *a: calls.append("pre"))
    agent.register_hook("post_reply", "count", lambda self, args, kwargs, reply: calls.append(reply.content))
    agent(hi())
    assert calls == ["pre", "HI "]


def test_the_order_own_hooks_first_then_class_by_class(sink):
    calls = []

    def note(what):
        return lambda *a: calls.append(what)

    AgentBase.register_class_hook("pre_reply", "n", note("AgentBase"))
    Echo.register_class_hook("pre_reply", "n", note("Echo"))
    LoudEcho.register_class_hook("pre_reply", "n", note("LoudEcho"))
    agent = LoudEcho("Bob")
    agent.register_hook("pre_reply", "n", note("object"))
    agent(hi())
    assert calls == ["object", "LoudEcho", "Echo", "AgentBase"]
    del calls[:]
    Echo("Ann")(hi())
    assert calls == ["Echo", "AgentBase"]


def test_a_coroutine_reply_has_hooks_too(sink):
    class Slow(AgentBase):
        async def reply(self, x=None):
            await asyncio.sleep(0)
            return Msg(self.name, x.content, "assistant")

    def sign(self, args, kwargs, reply):
        reply.content += "(signed)"
        return reply

    agent, listener = Slow("Bob"), Echo("Ann")
    agent.register_hook("post_reply", "sign", sign)
    agent.register_hook("pre_reply", "greet", lambda self, args, kwargs: ((hi(),), {}))
    agent.reset_audience([agent, listener])
    assert asyncio.run(agent()).content == "hi (signed)"
    assert [m.content for m in listener.memory.get_memory()] == ["hi (signed)"]


def test_pre_speak_of_a_message(sink):
    def shout(self, msg, stream, last):
        assert (stream, last) == (False, True)
        msg.content = msg.content.upper()
        return msg

    agent = Echo("Bob")
    agent.register_hook("pre_speak", "shout", shout)
    msg = hi()
    agent.speak(msg)
    assert sink.only.text == "HI "
    assert (sink.only.name, sink.only.message.id) == ("Ann", msg.id)
    assert msg.content == "hi "


def test_pre_speak_of_a_stream(sink):
    seen = []

    def shout(self, msg, stream, last):
        seen.append((msg.id, stream, last))
        msg.content = msg.content.upper()
        return msg

    agent = Echo("Bob")
    agent.register_hook("pre_speak", "shout", shout)
    agent.speak(pair for pair in [(False, "he"), (False, "hey"), (True, "hey")])
    assert sink.only.pairs == [(False, "HE"), (False, "HEY"), (True, "HEY")]
    assert [what[1:] for what in seen] == [(True, False), (True, False), (True, True)]
    assert len({what[0] for what in seen}) == 1


def test_post_speak_comes_after_it_was_shown(sink):
    states = []
    agent = Echo("Bob")
    agent.register_hook("post_speak", "look", lambda self: states.append(sink.only.outcome.state))
    agent.speak("Hi")
    assert states == ["complete"]


def test_observe_hooks():
    observed = []
    agent = Echo("Bob")
    agent.register_hook("pre_observe", "swap", lambda self, x: Msg("Ann", "swapped", "user"))
    agent.register_hook("post_observe", "look", lambda self: observed.append(self.memory.size()))
    agent.observe(hi())
    assert [m.content for m in agent.memory.get_memory()] == ["swapped"]
    assert observed == [1]


def test_a_hook_of_the_same_name_is_replaced_and_hooks_can_be_removed(sink):
    calls = []
    agent = Echo("Bob")
    agent.register_hook("pre_reply", "n", lambda *a: calls.append(1))
    agent.register_hook("pre_reply", "n", lambda *a: calls.append(2))
    agent.register_hook("pre_reply", "m", lambda *a: calls.append(3))
    agent(hi())
    agent.remove_hook("pre_reply", "n")
    agent(hi())
    agent.clear_hooks("pre_reply")
    agent(hi())
    assert calls == [2, 3, 3]
    agent.register_hook("pre_reply", "n", lambda *a: calls.append(4))
    agent.clear_all_obj_hooks()
    Echo.register_class_hook("pre_reply", "n", lambda *a: calls.append(5))
    Echo.remove_class_hook("pre_reply", "n")
    agent(hi())
    assert calls == [2, 3, 3]


def test_mistakes_are_named():
    agent = Echo("Bob")
    with pytest.raises(ValueError, match="'pre_print': expected one of pre_reply, post_reply"):
        agent.register_hook("pre_print", "n", print)
    for hook_type in HOOK_TYPES:
        with pytest.raises(ValueError, match=f"no {hook_type} hook named 'n'"):
            agent.remove_hook(hook_type, "n")
        with pytest.raises(ValueError, match=f"no {hook_type} hook named 'n'"):
            Echo.remove_class_hook(hook_type, "n")
