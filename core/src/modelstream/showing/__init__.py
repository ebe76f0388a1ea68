"""Shows an answer on the sinks.

    show(content) ── sources.py ──▶ snapshots ── broadcast.py ──▶ each sink's delivery ──▶ the sink

* `show.py` has `show` and `ashow`: they read a source and broadcast what it yields.
* `sources.py` wraps a response, a text, or a third party's stream as a `ShowSource`.
* `pairs.py` checks a third party's pairs `(last, text so far)` and turns them into snapshots.
* `broadcast.py` opens one message on all sinks, writes its items, and closes it once, in any case.

Whether a sink is called inline or from its own thread is decided in `modelstream.sinks.delivery`.
"""
