"""`TemporaryMemory`."""

from __future__ import annotations

import json

import pytest

from modelstream import Msg, TemporaryMemory


def messages(number):
    return [Msg("Bob", f"message {at}", "assistant") for at in range(number)]


def texts(memory):
    return [message.content for message in memory.get_memory()]


def test_messages_are_kept_in_order():
    memory = TemporaryMemory()
    one, two, three = messages(3)
    memory.add(one)
    memory.add([two, three])
    memory.add(None)
    assert memory.get_memory() == [one, two, three]
    assert memory.size() == 3


def test_an_id_is_held_once():
    memory = TemporaryMemory()
    (one,) = messages(1)
    memory.add(one)
    memory.add([one, one])
    memory.add(Msg("Bob", "the same id", "assistant", id=one.id))
    assert memory.get_memory() == [one]
    memory.clear()
    memory.add([one, one])
    assert memory.size() == 1


def test_only_messages_are_added():
    memory = TemporaryMemory()
    for wrong in ("Hi", [{"role": "user"}], 3):
        with pytest.raises(TypeError, match="A memory holds Msg objects"):
            memory.add(wrong)
    assert memory.size() == 0


def test_an_empty_memory_is_true():
    assert TemporaryMemory()


def test_the_last_ones():
    memory = TemporaryMemory()
    memory.add(messages(4))
    assert [m.content for m in memory.get_memory(recent_n=2)] == ["message 2", "message 3"]
    assert memory.get_memory(recent_n=0) == []
    assert len(memory.get_memory(recent_n=9)) == 4


def test_filtered():
    memory = TemporaryMemory()
    memory.add(messages(4))
    found = memory.get_memory(3, filter_func=lambda at, message: at > 0 and "3" not in message.content)
    assert [m.content for m in found] == ["message 2"]


def test_the_list_is_the_callers_own():
    memory = TemporaryMemory()
    memory.add(messages(1))
    memory.get_memory().clear()
    memory.export(to_mem=True).clear()
    assert memory.size() == 1


def test_delete(caplog):
    memory = TemporaryMemory()
    memory.add(messages(5))
    memory.delete(0)
    memory.delete([1, 3])
    assert texts(memory) == ["message 1", "message 3"]
    memory.delete([1, 7])
    assert texts(memory) == ["message 1"]
    assert "no message at [7]" in caplog.text


def test_export_and_load(tmp_path):
    memory = TemporaryMemory()
    memory.add([*messages(2), Msg("Änne", [{"type": "image", "url": "a.png"}], "user", {"k": 1})])
    path = tmp_path / "memory.json"
    assert memory.export(str(path)) is None

    again = TemporaryMemory()
    again.load(str(path))
    assert [m.to_dict() for m in again.get_memory()] == [m.to_dict() for m in memory.get_memory()]
    again.load(path.read_text(encoding="utf-8"))
    assert again.size() == 3
    again.load(messages(1), overwrite=True)
    assert texts(again) == ["message 0"]


def test_a_load_that_fails_forgets_nothing(tmp_path):
    memory = TemporaryMemory()
    memory.add(messages(2))
    for wrong in (str(tmp_path / "missing.json"), "[{}]", '["Hi"', [3]):
        with pytest.raises((OSError, ValueError, TypeError)):
            memory.load(wrong, overwrite=True)
    assert memory.size() == 2


def test_a_file_of_agentscope(tmp_path):
    fields = {
        "__module__": "agentscope.message.msg",
        "__name__": "Msg",
        "id": "7",
        "name": "Bob",
        "role": "user",
        "content": "Hi",
        "metadata": None,
        "timestamp": "2024-11-06 10:00:00",
    }
    memory = TemporaryMemory()
    memory.load(json.dumps([fields]))
    assert memory.get_memory()[0].id == "7"


def test_export_without_a_file():
    with pytest.raises(ValueError, match="needs a file_path"):
        TemporaryMemory().export()
