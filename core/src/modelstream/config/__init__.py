"""Model configs: what a user writes to choose and tune a model, checked field by field."""

from __future__ import annotations

from modelstream.config.fields import ModelConfig, Seconds
from modelstream.config.parsing import parse_config
from modelstream.config.variables import api_key

__all__ = ["ModelConfig", "Seconds", "api_key", "parse_config"]
