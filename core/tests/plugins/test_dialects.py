"""Dialects are plugins: listed without an import, loaded by name, and checked."""

import subprocess
import sys

import pytest

from modelstream.errors import ConfigError, PluginLoadError
from modelstream.plugins import dialect, dialects
from modelstream.plugins.plugin import Plugin
from modelstream.wire import OpenAIDialect


def test_the_core_has_its_own():
    assert "openai_chat" in dialects()
    assert type(dialect("openai_chat")) is OpenAIDialect


def test_listing_imports_none():
    program = "import sys; from modelstream.plugins import dialects; dialects(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not [name for name in loaded.stdout.split() if name.startswith("modelstream.wire")]


def test_an_unknown_name_has_a_suggestion():
    with pytest.raises(ConfigError, match="Did you mean 'openai_chat'"):
        dialect("openai_cat")


@pytest.mark.parametrize("value", ["modelstream.errors:ConfigError", "modelstream.wire:FINISHES"])
def test_an_invalid_dialect_class_does_not_load(value):
    plugin = Plugin("dialect", "odd", value, distribution="odd", version="1")
    with pytest.raises(PluginLoadError, match="not a Dialect class"):
        plugin.load()
