"""Model configs written for AgentScope 0.1 load as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelstream.config import ModelConfig
from modelstream.models import ConfigStore
from modelstream.plugins.registry import Registry
from modelstream.wrapper import ModelWrapper


class OpenAILike(ModelConfig):
    api_key: str | None = None
    organization: str | None = None
    client_args: dict[str, Any] | None = None


class OllamaLike(ModelConfig):
    options: dict[str, Any] | None = None
    keep_alive: str = "5m"
    host: str | None = None


CONFIGS = [
    {
        "config_name": "gpt-4",
        "model_type": "openai_chat",
        "model_name": "gpt-4",
        "api_key": "xxx",
        "organization": "xxx",
        "client_args": {"base_url": "http://localhost:1/v1", "timeout": 30, "max_retries": 3},
        "generate_args": {"temperature": 0.5, "top_p": 1, "stop": ["a"], "seed": None},
        "stream": True,
    },
    {"config_name": "gpt-3.5-turbo", "model_type": "openai_chat"},
    {
        "config_name": "nulls",
        "model_type": "openai_chat",
        "model_name": None,
        "api_key": None,
        "organization": None,
        "client_args": None,
        "generate_args": None,
        "stream": False,
    },
    {
        "config_name": "llama",
        "model_type": "ollama_chat",
        "model_name": "llama3",
        "options": {"temperature": 0.5, "seed": 123},
        "keep_alive": "10m",
    },
]


@pytest.fixture
def agentscope_store():
    registry = Registry(path=[])
    for name, config_class in (("openai_chat", OpenAILike), ("ollama_chat", OllamaLike)):
        wrapper_class = type(name, (ModelWrapper,), {"model_type": name, "config_class": config_class})
        registry.register(wrapper_class)
    return ConfigStore(registry)


def test_the_dict_the_list_and_the_json_file_load_unchanged(agentscope_store, tmp_path):
    file = tmp_path / "model_configs.json"
    file.write_text(json.dumps(CONFIGS))

    agentscope_store.load(CONFIGS[0])
    agentscope_store.load(CONFIGS)
    agentscope_store.load(str(file))

    for config in CONFIGS:
        parsed = agentscope_store.load_model(config["config_name"]).config
        for field, value in config.items():
            assert getattr(parsed, field) == (value if value is not None or field != "generate_args" else {})


def test_clear_existing_is_called_as_in_agentscope(agentscope_store):
    agentscope_store.load(CONFIGS)

    agentscope_store.load(CONFIGS[1], clear_existing=True)

    assert agentscope_store.names() == ["gpt-3.5-turbo"]
