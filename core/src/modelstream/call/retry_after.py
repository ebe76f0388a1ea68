"""How long a provider asks to wait before the next attempt."""

from __future__ import annotations

import math
from collections.abc import Mapping


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The pause that a provider requests, in seconds.

    `Retry-After` holds seconds or a date (RFC 9110, 10.2.3); `retry-after-ms`, which is more precise, is
    OpenAI's and Azure's.
    """
    values = {name.lower(): value for name, value in headers.items()}
    milliseconds = _number(values.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = values.get("retry-after")
    if not value:
        return None
    if (seconds := _number(value)) is not None:
        return seconds
    # Imported late: these are a quarter of the import time of a first call, and dates are rare.
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
