"""Sinks: where snapshots are shown.

* `base.py` and `question.py` are the contract: `StreamSink`, `Message`, `Outcome`, `Question`.
* `specs.py` turns what a user passes as `sinks=` into sink objects.
* `active.py` keeps the sinks of the program: created once, replaced by `init`, shut down at its end.
* `delivery/` calls sinks, in place or by their own threads; `reports.py` logs their failures.
"""
