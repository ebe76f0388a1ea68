"""The model and settings chosen on the command line."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelstream.errors import ConfigError
from modelstream.models import config_store, load_configs, load_model

if TYPE_CHECKING:
    from modelstream.wrapper import ModelWrapper

DEFAULT_MODEL = "local_chat"


@dataclass(frozen=True)
class Choice:
    """The options that `ask` and `chat` share."""

    model: str | None
    config_files: tuple[Path, ...]
    system: str | None
    options: tuple[str, ...]
    reasoning: bool
    debug: bool

    def load(self) -> ModelWrapper:
        """The wrapper of the chosen model, or of the default one."""
        files = self.config_files or tuple(
            map(Path, os.environ.get("MODELSTREAM_CONFIG", "").split(os.pathsep))
        )
        for file in files:
            if file.name:
                load_configs(str(file))
        names = config_store().names()
        return load_model(self.model or (names[0] if len(names) == 1 else DEFAULT_MODEL))

    def arguments(self) -> dict[str, Any]:
        """The provider's call arguments from `--option key=value`."""
        found: dict[str, Any] = {}
        for option in self.options:
            key, equals, value = option.partition("=")
            if not equals or not key:
                raise ConfigError(f"--option {option!r} is not KEY=VALUE, such as temperature=0.2")
            try:
                found[key] = json.loads(value)
            except ValueError:
                found[key] = value
        return found

    def opening(self) -> list[dict[str, Any]]:
        """The messages before the first prompt."""
        return [{"role": "system", "content": self.system}] if self.system else []
