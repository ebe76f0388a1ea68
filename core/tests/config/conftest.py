from __future__ import annotations

from typing import Any

import pytest

from modelstream.config import ModelConfig
from modelstream.models import ConfigStore
from modelstream.plugins.registry import Registry
from modelstream.wrapper import ModelWrapper


class EchoConfig(ModelConfig):
    api_key: str | None = None
    client_args: dict[str, Any] | None = None
    host: str = "localhost"


class Echo(ModelWrapper):
    model_type = "echo_chat"
    config_class = EchoConfig


@pytest.fixture
def registry():
    """A registry with one model_type, `echo_chat`."""
    created = Registry(path=[])
    created.register(Echo)
    return created


@pytest.fixture
def store(registry):
    return ConfigStore(registry)


@pytest.fixture
def echo_config():
    return EchoConfig
