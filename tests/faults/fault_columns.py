"""The columns of the fault table: the wrappers, each with the wire of its own tests."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path

from modelstream.testing import WrapperConformance

PLUGINS = Path(__file__).parents[2] / "plugins"
COLUMNS = ("openai", "dashscope", "gemini", "zhipuai", "ollama", "litellm", "local")


def model_type(column):
    """The model_type of a column's wrapper."""
    return f"{column}_chat"


def subjects(column):
    """The conformance tests of a wrapper, one for each of its transports."""
    path = PLUGINS / column / "tests" / "test_conformance.py"
    spec = importlib.util.spec_from_file_location(f"conformance_of_{column}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [found for found in vars(module).values() if _is_subject(found, module)]


def _is_subject(found, module):
    return (
        inspect.isclass(found)
        and issubclass(found, WrapperConformance)
        and found.__module__ == module.__name__
        and found.__name__.startswith("Test")
        and found.config.get("sdk") != "zhipuai"  # the older SDK, which is not installed everywhere
    )
