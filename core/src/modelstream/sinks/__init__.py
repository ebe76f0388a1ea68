"""Sinks: where snapshots are shown.

* `base.py` and `question.py` are the contract: `StreamSink`, `Message`, `Outcome`, `Question`.
* `specs.py` turns what a user passes as `sinks=` into sink objects.
* `active.py` keeps the sinks of the program: created once, replaced by `init`, shut down at its end.
* `delivery/` calls sinks, in place or by their own threads; `reports.py` logs their failures.

The names in `__all__` are public, for authors of sinks that have a queue and a thread of their own:
`coalesce` merges waiting `SinkItem`s, `run` identifies the program's run, `at_process_end` and
`seconds_left_at_exit` help to send the rest in time, `after_fork` and `per_process` handle child processes,
and `ask` offers a question to sinks.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelstream.per_process import after_fork as after_fork
    from modelstream.per_process import at_process_end as at_process_end
    from modelstream.per_process import per_process as per_process
    from modelstream.program import run as run
    from modelstream.sinks.delivery.coalesce import SinkItem as SinkItem
    from modelstream.sinks.delivery.coalesce import coalesce as coalesce
    from modelstream.sinks.delivery.questions import ask as ask
    from modelstream.sinks.delivery.waiting import seconds_left_at_exit as seconds_left_at_exit

_WHERE = {
    "SinkItem": "modelstream.sinks.delivery.coalesce",
    "after_fork": "modelstream.per_process",
    "ask": "modelstream.sinks.delivery.questions",
    "at_process_end": "modelstream.per_process",
    "coalesce": "modelstream.sinks.delivery.coalesce",
    "per_process": "modelstream.per_process",
    "run": "modelstream.program",
    "seconds_left_at_exit": "modelstream.sinks.delivery.waiting",
}

__all__ = [*_WHERE]  # noqa: PLE0604 - one table of the public names


def __getattr__(name: str) -> Any:
    # Loaded on first use: `coalesce` imports `base`, whose import runs this module first.
    if name not in _WHERE:
        raise AttributeError(f"module 'modelstream.sinks' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_WHERE[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
