"""The fields that every model config has."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]

TIMEOUTS = ("first_delta_timeout", "idle_timeout", "total_timeout")
NULL_IS_DEFAULT = ("stream", "generate_args", "max_retries")


class ModelConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields that every model config has; wrappers add their own in a subclass.

    Timeouts are in seconds; None, or `inf` in TOML, which has no null, disables that timeout.
    `first_delta_timeout` runs from the call to the first delta, `idle_timeout` between two deltas,
    `total_timeout` over the whole call; the import of an SDK does not count. `max_retries` is the number of
    further attempts, only before anything is shown, and each is logged. `generate_args` are arguments of the
    provider's API; those of the call override them.
    """

    model_type: str
    config_name: str | None = None
    model_name: str | None = None
    stream: bool = False
    generate_args: dict[str, Any] = {}
    first_delta_timeout: Seconds | None = 300.0
    idle_timeout: Seconds | None = 120.0
    total_timeout: Seconds | None = 3600.0
    max_retries: Count = 2

    def headers_limit(self, timeout: float | None = None) -> float | None:
        """Seconds to wait for the response headers: `timeout`, or a shorter timeout of the call.

        After the headers, the timeouts of the call apply. None is no limit.
        """
        limits = [timeout, self.first_delta_timeout, self.total_timeout]
        return min((limit for limit in limits if limit is not None), default=None)
