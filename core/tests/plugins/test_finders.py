"""Distributions that only a third-party finder on `sys.meta_path` knows, as of some editable installs."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, DistributionFinder

import pytest

from modelstream.errors import UnknownConfigError, UnknownModelTypeError
from modelstream.models import ConfigStore
from modelstream.plugins import entry_points
from modelstream.plugins.registry import Registry
from modelstream.sinks.base import StreamSink
from modelstream.wrapper import ModelWrapper

TEXTS = {
    "METADATA": "Metadata-Version: 2.4\nName: hidden-plugin\nVersion: 7.1\n",
    "entry_points.txt": "[modelstream.models]\nhidden_chat = hidden_module:Echo\n"
    "[modelstream.sinks]\nhidden_sink = hidden_module:Sink\n"
    "[modelstream.plugins]\nhidden_around = hidden_module:nothing\n",
}


class Hidden(Distribution):
    """Metadata in memory."""

    def read_text(self, filename):
        return TEXTS.get(filename)

    def locate_file(self, path):
        return path


class Finder(DistributionFinder):
    """Finds one distribution and its one module."""

    searches = 0

    def find_spec(self, fullname, path=None, target=None):
        return ModuleSpec(fullname, self) if fullname == "hidden_module" else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.Echo = type("Echo", (ModelWrapper,), {"model_type": "hidden_chat"})
        module.Sink = type("Sink", (StreamSink,), {"sink_type": "hidden_sink"})

    def find_distributions(self, context=None):
        self.searches += 1
        return [Hidden()]


@pytest.fixture
def finder(monkeypatch):
    created = Finder()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, created])
    yield created
    sys.modules.pop("hidden_module", None)
    entry_points.refresh()


def test_a_name_is_found_before_it_is_called_unknown(finder):
    registry = Registry()
    assert registry.offers("model", "hidden_chat") == ()

    wrapper = registry.model_wrapper("hidden_chat", {"model_type": "hidden_chat"})

    assert type(wrapper) is sys.modules["hidden_module"].Echo
    assert type(registry.sink("hidden_sink")) is sys.modules["hidden_module"].Sink
    (info,) = (one for one in registry.describe() if one.name == "hidden_chat")
    assert (info.distribution, info.version, info.state) == ("hidden-plugin", "7.1", "loaded")


def test_a_bare_model_type_is_found_too(finder):
    assert ConfigStore(Registry()).load_model("hidden_chat").config.model_type == "hidden_chat"


def test_an_unknown_name_is_reported_with_what_was_found(finder):
    with pytest.raises(UnknownModelTypeError, match=r"Did you mean 'hidden_chat'\?"):
        Registry().model_wrapper("hiden_chat", {})
    with pytest.raises(UnknownConfigError, match=r"Model types: .*hidden_chat"):
        ConfigStore(Registry()).load_model("hiden_chat")


def test_it_is_not_used_for_a_name_that_the_scan_finds(finder, site):
    site.plugin("echo", models={"echo": "echo:Echo"})
    entry_points.refresh()

    assert Registry().model_wrapper("echo", {"model_type": "echo"})
    assert finder.searches == 0


def test_what_the_scan_finds_comes_first(finder, site):
    site.plugin("echo", models={"hidden_chat": "echo:Echo"})
    entry_points.refresh()
    registry = Registry()
    registry.find("model", "unknown")

    assert [one.distribution for one in registry.offers("model", "hidden_chat")] == ["modelstream-echo"]


def test_hook_wrappers_are_not_sought(finder):
    registry = Registry()
    registry.find("model", "unknown")

    assert "hidden_around" not in registry.names("plugin")


def test_a_registry_with_its_own_path_uses_only_that(finder):
    assert Registry(path=[]).find("model", "hidden_chat") == ()


def test_a_name_that_is_found_never_imports_importlib_metadata(site):
    site.plugin("echo", models={"echo": "echo:Echo"})
    program = (
        "import sys\n"
        f"sys.path.insert(0, {str(site.path)!r})\n"
        "sys.modules.pop('importlib.metadata', None)\n"
        "sys.modules['importlib.metadata'] = None\n"  # to import it is an ImportError
        "from modelstream.plugins.registry import Registry\n"
        "try:\n"
        "    Registry().find('model', 'unknown')\n"
        "except ImportError:\n"
        "    print('sought')\n"
        "print(Registry().find('model', 'echo')[0].name)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.stdout.split() == ["sought", "echo"], done.stderr
