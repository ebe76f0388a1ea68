"""A language model inside the process, for modelstream: model_type `local_chat`.

Importing this package loads no engine: that happens in the first call.
"""

from __future__ import annotations

from modelstream_local.chat import LocalChat, LocalConfig

__all__ = ["LocalChat", "LocalConfig"]
