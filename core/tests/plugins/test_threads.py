from __future__ import annotations

import sys
import threading

import pytest

from modelstream.errors import PluginLoadError
from modelstream.plugins import entry_points
from modelstream.plugins.registry import Registry


def in_threads(count, work):
    """What `count` threads that start at the same moment raise."""
    start = threading.Barrier(count)
    raised = []

    def run():
        start.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it must not happen
            raised.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.fixture
def _eager_switching():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_eager_switching")
def test_four_threads_that_first_use_a_plugin_at_once_all_get_it(site):
    site.plugin("echo", models={"echo": "echo:Echo"})
    raised = []

    for _ in range(200):
        sys.modules.pop("echo", None)
        entry_points._installed = None
        fresh = Registry()
        raised += in_threads(4, lambda fresh=fresh: fresh.model_wrapper("echo", {"model_type": "echo"}))

    assert raised == []


def test_a_plugin_is_imported_once_however_many_threads_want_it(site, registry, monkeypatch):
    imports, everyone = [], threading.Event()
    monkeypatch.setattr(sys, "under_test", (imports, everyone), raising=False)
    source = "import sys\nsys.under_test[0].append(1)\nsys.under_test[1].wait()\n1 / 0"
    site.plugin("slow", source, models={"slow": "slow:Echo"})
    plugin = registry.offers("model", "slow")[0]
    load = plugin.load
    come = threading.Semaphore(0)

    def load_with_the_others():
        come.release()
        return load()

    def continue_when_all_are_waiting():
        for _ in range(8):
            come.acquire()
        everyone.set()

    monkeypatch.setattr(plugin, "load", load_with_the_others)
    threading.Thread(target=continue_when_all_are_waiting).start()

    raised = in_threads(8, lambda: registry.model_wrapper("slow", {}))

    assert [type(error) for error in raised] == [PluginLoadError] * 8
    assert imports == [1]


def test_a_module_that_registers_itself_does_not_deadlock_with_its_loader(site, registry, monkeypatch):
    """One thread is importing the module when another requests it: each waits for the other."""
    importing, requested = threading.Event(), threading.Event()
    monkeypatch.setattr(sys, "under_test", (registry, importing, requested), raising=False)
    site.plugin(
        "both",
        """
        import sys
        from modelstream.wrapper import ModelWrapper

        registry, importing, asked = sys.under_test

        class Echo(ModelWrapper):
            model_type = "echo"

        importing.set()
        asked.wait()
        registry.register(Echo, "echo_too")
        """,
        models={"echo": "both:Echo"},
    )
    importer = threading.Thread(target=__import__, args=("both",))
    importer.start()
    importing.wait()
    load = registry.offers("model", "echo")[0]._loaded
    monkeypatch.setattr(registry.offers("model", "echo")[0], "_loaded", lambda: requested.set() or load())

    wrapper = registry.model_wrapper("echo", {"model_type": "echo"})
    importer.join()

    assert type(wrapper).__module__ == "both"
    assert registry.names("model") == ["echo", "echo_too"]


def test_threads_that_register_do_not_lose_each_others_plugins(registry):
    from modelstream.wrapper import ModelWrapper

    names = iter([f"model_{number}" for number in range(64)])
    lock = threading.Lock()

    def register_some():
        for _ in range(8):
            with lock:
                name = next(names)
            registry.register(type(name, (ModelWrapper,), {"model_type": name}))

    assert in_threads(8, register_some) == []
    assert len(registry.names("model")) == 64
