"""Model configs: what a user writes to choose and tune a model, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream.config.fields import ModelConfig
from modelstream.config.parsing import parse_config
from modelstream.config.variables import api_key

if TYPE_CHECKING:
    from modelstream.config.store import ConfigStore, Source
    from modelstream.wrapper import ModelWrapper

__all__ = ["ModelConfig", "api_key", "config_store", "load_configs", "load_model", "parse_config"]


def load_configs(configs: Source, *, clear_existing: bool = False) -> None:
    """Make model configs known by their `config_name`, for `load_model`.

    `configs` is a dict, a list of dicts, or the path of a .json or .toml file that holds either.
    All of them are taken or, when one is wrong (`ConfigError`), none.
    """
    config_store().load(configs, clear_existing=clear_existing)


def load_model(name_or_config: str | Mapping[str, Any]) -> ModelWrapper:
    """A new model wrapper for a config's name, a model_type (with its defaults), or a config dict.

    This is where the plugin is imported and the config is checked; raises a `ConfigError` that says
    what is wrong and the way out.
    """
    return config_store().load_model(name_or_config)


def config_store() -> ConfigStore:
    """The configs that the whole program shares."""
    from modelstream.config.store import shared

    return shared
