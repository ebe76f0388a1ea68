"""Makes the wrappers of a wire, each with one of its transports."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

import modelstream

if TYPE_CHECKING:
    from wires import Wrapper

    from modelstream import ModelWrapper


def name_of(wrapper: Wrapper) -> str:
    """The wrapper's id in a test."""
    return f"{wrapper.model_type}-{wrapper.transport}"


def prepare(wrapper: Wrapper) -> None:
    """Skip if the plugin is not installed; import LiteLLM, which takes longer than a test may."""
    if find_spec(f"modelstream_{wrapper.model_type.removesuffix('_chat')}") is None:
        pytest.skip(f"{wrapper.model_type} is not installed")
    if wrapper.model_type == "litellm_chat":
        from modelstream_litellm.sdk import litellm

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            litellm()


def load(wrapper: Wrapper, url: str) -> ModelWrapper:
    """The wrapper for a server at this URL."""
    key = {} if wrapper.model_type == "ollama_chat" else {"api_key": "id.secret"}
    return modelstream.load_model(
        {
            "model_type": wrapper.model_type,
            "model_name": wrapper.model_name,
            "transport": wrapper.transport,
            "base_url": f"{url}{wrapper.path}",
            "max_retries": 0,
            **key,
        }
    )
