"""Laws about what an answer says besides its text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from modelstream.deltas import ReasoningDelta, TextDelta, UsageDelta
from modelstream.testing._kit.heard import comparable, complete, counts, deltas_of, expected_usage
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.strategies import call_scripts, finished_scripts, reasoned_scripts, usages
from modelstream.testing._kit.take import Take

if TYPE_CHECKING:
    from modelstream.deltas import Delta, Usage
    from modelstream.testing._kit.bench import Bench

_laws = Laws()
laws = _laws.laws
law = _laws.law


@law(needs="reasoning", script=reasoned_scripts, examples=0.1)
def reasoning_apart(bench: Bench, script: Script) -> None:
    """The model's thinking arrives whole, and nothing of it in the text."""
    heard = bench.hear(Take(script))
    complete(heard, script)
    same(heard.response.reasoning, script.reasoning, "the reasoning")
    said = [delta for delta in deltas_of(bench.way, heard.response) if isinstance(delta, ReasoningDelta)]
    same("".join(delta.text for delta in said), script.reasoning, "the reasoning deltas, joined")


@law(needs="tools", script=call_scripts)
def tool_calls_survive(bench: Bench, script: Script) -> None:
    """Every tool call arrives with its own id, name and arguments, whole numbers as whole numbers."""
    heard = bench.hear(Take(script))
    complete(heard, script)
    features = bench.features
    found = heard.response.tool_calls
    same(
        [comparable(call, features) for call in found],
        [comparable(call, features) for call in script.tool_calls],
        "the tool calls (id, name, arguments)",
    )
    ids = [call.id for call in found]
    must(all(ids) and len(set(ids)) == len(ids), f"the ids of the tool calls: {ids}")
    for call in found:
        must(
            isinstance(json.loads(call.arguments), dict),
            f"arguments that are no JSON object: {call.arguments!r}",
        )


@law(usage=usages, examples=0.1)
def usage_survives(bench: Bench, usage: Usage) -> None:
    """The token counts that the provider sends with the end are those of the response."""
    script = Script([TextDelta("Hello")], usage=usage)
    heard = bench.hear(Take(script))
    complete(heard, script)
    same(
        counts(heard.response.usage, bench.features),
        counts(usage, bench.features),
        f"{bench.features.counts}",
    )


@law(examples=0)
def no_usage_invented(bench: Bench) -> None:
    """Where the provider sends no token counts there are none: `usage` is None."""
    heard = bench.hear(Take(Script([TextDelta("Hello")])))
    complete(heard, Script([TextDelta("Hello")]))
    same(heard.response.usage, None, "usage")


@law(needs="usage", first=usages, second=usages, examples=0.1)
def usage_is_replaced(bench: Bench, first: Usage, second: Usage) -> None:
    """Later token counts replace earlier ones; they are not added up."""
    deltas: list[Delta] = [TextDelta("Hel"), _delta(first), TextDelta("lo"), _delta(second)]
    script = Script(deltas)
    heard = bench.hear(Take(script))
    complete(heard, script)
    expected = counts(expected_usage(script), bench.features)
    same(counts(heard.response.usage, bench.features), expected, f"{bench.features.counts}")


@law(script=finished_scripts, examples=0.1)
def finish_reason_survives(bench: Bench, script: Script) -> None:
    """The finish reason is one of ours, and the provider's own word is kept beside it."""
    heard = bench.hear(Take(script))
    complete(heard, script)
    same(heard.response.finish_reason, script.finish.reason, "finish_reason")
    same(heard.response.raw_finish_reason, bench.features.finishes[script.finish.reason], "raw_finish_reason")


@law(needs="tools", script=call_scripts, examples=0.1)
def calls_are_a_reason(bench: Bench, script: Script) -> None:
    """An answer that ends with tool calls has the finish reason `tool_calls`."""
    heard = bench.hear(Take(script))
    complete(heard, script)
    same(heard.response.finish_reason, "tool_calls", "finish_reason")


def _delta(usage: Usage) -> UsageDelta:
    return UsageDelta(usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.cached_tokens)
