"""LiteLLM itself, imported by the first call and without its messages on stdout."""

from __future__ import annotations

import os
import threading
from typing import Any

_importing = threading.Lock()


def litellm() -> Any:
    """The module. The first call takes seconds, for the package is very large."""
    with _importing:
        # Otherwise the import downloads its price list.
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        import litellm

        # Otherwise it prints a link for feedback to stdout, into the answer.
        litellm.suppress_debug_info = True
        return litellm
