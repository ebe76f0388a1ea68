"""The model manager, at its location in AgentScope 0.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelstream.models import config_store, load_configs, load_model
from modelstream.plugins import register

if TYPE_CHECKING:
    from modelstream.models import Source
    from modelstream.wrapper import ModelWrapper


class ModelManager:
    """The program's model configs. `get_instance()` always returns the same object."""

    _instance: ModelManager | None = None

    @classmethod
    def get_instance(cls) -> ModelManager:
        """The one manager of the program."""
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance

    def load_model_configs(self, model_configs: Source, clear_existing: bool = False) -> None:  # noqa: FBT002
        """Add configs: a dict, a list of dicts, or the path of a file that holds either."""
        load_configs(model_configs, clear_existing=clear_existing)

    def get_model_by_config_name(self, config_name: str) -> ModelWrapper:
        """A new model wrapper for the config of this name."""
        return load_model(config_name)

    def get_config_by_name(self, config_name: str) -> dict[str, Any] | None:
        """A copy of the config of this name, or None if there is none."""
        return config_store().get(config_name) if config_name in config_store().names() else None

    def clear_model_configs(self) -> None:
        """Remove all configs."""
        config_store().clear()

    def register_model_wrapper_class(
        self,
        model_wrapper_class: type[ModelWrapper],
        exist_ok: bool = False,  # noqa: FBT002
    ) -> None:
        """Register a wrapper class under its `model_type`."""
        register_model_wrapper_class(model_wrapper_class, exist_ok)


def register_model_wrapper_class(
    model_wrapper_class: type[ModelWrapper],
    exist_ok: bool = False,  # noqa: FBT002
) -> None:
    """Register a wrapper class under its `model_type`; `exist_ok` lets it replace another one."""
    register(model_wrapper_class, exist_ok=exist_ok)
