from __future__ import annotations

import sys

from modelstream.plugins.registry import PluginInfo


def test_everything_is_listed_even_if_broken_and_nothing_is_imported(site, registry, monkeypatch):
    site.plugin("bad", "1 / 0", models={"bad": "bad:Echo"}, sinks={"zbad": "bad:Sink"})
    site.plugin("good", models={"good": "good:Echo"})
    site.plugin("off", models={"off": "off:Echo"})
    site.install("modelstream-empty", models={"empty": ""})
    monkeypatch.setenv("MODELSTREAM_BLOCK", "off")

    assert registry.describe() == [
        PluginInfo("model", "bad", "modelstream-bad", "1.0", "bad:Echo", "not loaded"),
        PluginInfo("model", "empty", "modelstream-empty", "1.0", "", "not loaded"),
        PluginInfo("model", "good", "modelstream-good", "1.0", "good:Echo", "not loaded"),
        PluginInfo(
            "model", "off", "modelstream-off", "1.0", "off:Echo", "blocked", "MODELSTREAM_BLOCK is 'off'"
        ),
        PluginInfo("sink", "zbad", "modelstream-bad", "1.0", "bad:Sink", "not loaded"),
    ]
    assert not {"bad", "good", "off"} & set(sys.modules)

    tried = {(i.kind, i.name): (i.state, i.why) for i in registry.describe(load=True)}

    assert tried == {
        ("model", "bad"): ("broken", "ZeroDivisionError: division by zero"),
        ("model", "empty"): ("broken", "ValueError: Empty module name"),
        ("model", "good"): ("loaded", None),
        ("model", "off"): ("blocked", "MODELSTREAM_BLOCK is 'off'"),
        ("sink", "zbad"): ("broken", "ZeroDivisionError: division by zero"),
    }
    assert "off" not in sys.modules


def test_duplicates_name_each_other_and_are_not_loaded(site, registry):
    site.plugin("one", models={"echo": "one:Echo"})
    site.plugin("two", models={"echo": "two:Echo"})

    listed = {info.distribution: (info.state, info.why) for info in registry.describe(load=True)}

    assert listed == {
        "modelstream-one": ("duplicate", "also provided by modelstream-two 1.0 (two:Echo)"),
        "modelstream-two": ("duplicate", "also provided by modelstream-one 1.0 (one:Echo)"),
    }
    assert not {"one", "two"} & set(sys.modules)
