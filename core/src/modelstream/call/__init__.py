"""One call to a model, from the wrapper to the transcript that all readers read.

    ModelWrapper.__call__ ── start ──▶ a call ──▶ Transcript ◀── readers (ModelResponse)
         deltas() or adeltas()           │ extend        wait │
                                         └────────────────────┘

A call runs the wrapper's iterator, adds the deltas to the transcript, and ends it. There are four kinds, one
for each pair of caller and wrapper; `start` picks one:

                        the wrapper has deltas()        the wrapper has adeltas()
    called from sync    PulledCall   pulled.py          LoopCall     in_loop.py
    from a coroutine    ThreadCall   in_thread.py       TaskCall     task.py

* `pulled.py` is THE LOOP of sync callers: the reader that needs the next delta pulls it.
* `task.py` is THE LOOP of async callers: one task runs the wrapper, readers await its transcript.
* `in_thread.py` runs a `PulledCall` in a thread, `in_loop.py` a `TaskCall` in an event loop of the core.
* `base.py` has the parts that they share: timeouts, retries, and the one place where a call ends.
* `readers.py` lets tasks of any event loop wait; `backpressure.py` keeps a task or a thread from running
  far ahead of its readers.
* `transcript.py` is the buffer between one writer and any number of readers; its deltas are kept by
  `delta_log.py`, checked by `validate.py`, joined by `surrogates.py` (half characters) and `tool_calls.py`.
* `held.py` is a finish that a provider has sent but that may not be the end.
* `timeouts.py` watches calls, `retries.py` decides about another attempt, `error_mapping.py` maps any
  exception to a `StreamError`, `error_bodies.py` the errors that providers send.
* `from_values.py` creates a call from existing values, for `ModelResponse(text=…)`.

Nothing here imports `ModelWrapper` or `ModelResponse`: they depend on this package, not it on them.
"""
