"""Model configs: the user's choice and settings of a model, validated field by field."""

from __future__ import annotations

from modelstream.config.fields import ModelConfig, Seconds
from modelstream.config.parsing import parse_config
from modelstream.config.variables import api_key, check_key

__all__ = ["ModelConfig", "Seconds", "api_key", "check_key", "parse_config"]
