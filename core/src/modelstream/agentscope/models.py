"""The base class of model wrappers written for AgentScope 0.1."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.config import ModelConfig
from modelstream.hookspecs import hookimpl
from modelstream.response import ModelResponse
from modelstream.wrapper import ModelWrapper

__all__ = ["ModelResponse", "ModelWrapperBase"]

logger = logging.getLogger("modelstream.agentscope")


class ModelWrapperBase(ModelWrapper):
    """The base class of wrappers that define `__init__` and `__call__`.

        class MyWrapper(ModelWrapperBase):
            model_type = "my_model"

            def __init__(self, config_name, model_name, my_field, **kwargs):
                super().__init__(config_name=config_name, model_name=model_name)

            def __call__(self, messages, **kwargs):
                return ModelResponse(stream=...)     # yields the text so far

        modelstream.register(MyWrapper)

    The fields of the model config, all but `model_type`, become the arguments of `__init__`. New wrappers
    derive from `modelstream.ModelWrapper` instead, which streams, cancels, retries and serves coroutines.
    """

    config_class: ClassVar[type[Any]] = ModelConfig

    def __init__(self, config_name: str | None = None, model_name: str | None = None, **kwargs: Any) -> None:
        super().__init__(
            ModelConfig(model_type=self.model_type, config_name=config_name, model_name=model_name)
        )
        self.config_name = config_name
        self.model_name = model_name

    if TYPE_CHECKING:

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            """Call the model. Subclasses return a `ModelResponse`, whatever `stream` is."""

    def _save_model_invocation(self, arguments: Any, response: Any, usage: Any = None) -> None:
        """Log a call; wrappers call this with the response. Unlike in AgentScope, no files are written."""
        logger.debug("%s %s: arguments %r, usage %r", self.model_type, self.model_name, arguments, usage)

    @classmethod
    @hookimpl
    def modelstream_model_wrapper(cls, config: Mapping[str, Any]) -> ModelWrapper:
        """The hook's implementation: the config's fields as arguments, as in AgentScope."""
        return cls(**{field: value for field, value in config.items() if field != "model_type"})
