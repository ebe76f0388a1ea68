"""LiteLLM itself: imported when it is first called, and told to keep quiet."""

from __future__ import annotations

import os
import threading
from typing import Any

_importing = threading.Lock()


def litellm() -> Any:
    """The module. The first call takes seconds: it is one of the largest packages there are."""
    with _importing:
        # Else it would fetch its price list from the network, and wait for it, when it is imported.
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        import litellm

        # Else it prints where to give feedback on stdout, into the answer.
        litellm.suppress_debug_info = True
        return litellm
