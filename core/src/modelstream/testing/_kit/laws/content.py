"""Laws about the content of an answer other than its text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from modelstream.deltas import ReasoningDelta, TextDelta, UsageDelta
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.observation import check_complete, comparable, counts, deltas_of, expected_usage
from modelstream.testing._kit.scenario import Scenario
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.strategies import call_scripts, finished_scripts, reasoned_scripts, usages

if TYPE_CHECKING:
    from modelstream.deltas import Delta, Usage
    from modelstream.testing._kit.bench import Bench

_laws = Laws()
laws = _laws.laws
law = _laws.law


@law(needs="reasoning", script=reasoned_scripts, examples=0.1)
def reasoning_separate(bench: Bench, script: Script) -> None:
    """The reasoning arrives complete, and none of it is in the text."""
    observed = bench.observe(Scenario(script))
    check_complete(observed, script)
    same(observed.response.reasoning, script.reasoning, "the reasoning")
    sent = [delta for delta in deltas_of(bench.way, observed.response) if isinstance(delta, ReasoningDelta)]
    same("".join(delta.text for delta in sent), script.reasoning, "the reasoning deltas, joined")


@law(needs="tools", script=call_scripts)
def tool_calls_survive(bench: Bench, script: Script) -> None:
    """Every tool call arrives with its id, name and arguments; integers stay integers."""
    observed = bench.observe(Scenario(script))
    check_complete(observed, script)
    features = bench.features
    found = observed.response.tool_calls
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
            f"arguments that are not a JSON object: {call.arguments!r}",
        )


@law(usage=usages, examples=0.1)
def usage_survives(bench: Bench, usage: Usage) -> None:
    """The token counts that the provider sends at the end are those of the response."""
    script = Script([TextDelta("Hello")], usage=usage)
    observed = bench.observe(Scenario(script))
    check_complete(observed, script)
    same(
        counts(observed.response.usage, bench.features),
        counts(usage, bench.features),
        f"{bench.features.counts}",
    )


@law(examples=0)
def no_usage_invented(bench: Bench) -> None:
    """If the provider sends no token counts, `usage` is None."""
    observed = bench.observe(Scenario(Script([TextDelta("Hello")])))
    check_complete(observed, Script([TextDelta("Hello")]))
    same(observed.response.usage, None, "usage")


@law(needs="usage", first=usages, second=usages, examples=0.1)
def usage_is_replaced(bench: Bench, first: Usage, second: Usage) -> None:
    """Later token counts replace earlier ones; they are not added up."""
    deltas: list[Delta] = [TextDelta("Hel"), _delta(first), TextDelta("lo"), _delta(second)]
    script = Script(deltas)
    observed = bench.observe(Scenario(script))
    check_complete(observed, script)
    expected = counts(expected_usage(script), bench.features)
    same(counts(observed.response.usage, bench.features), expected, f"{bench.features.counts}")


@law(script=finished_scripts, examples=0.1)
def finish_reason_survives(bench: Bench, script: Script) -> None:
    """The finish reason is one of modelstream's, and `raw_finish_reason` is the provider's own."""
    observed = bench.observe(Scenario(script))
    check_complete(observed, script)
    same(observed.response.finish_reason, script.finish.reason, "finish_reason")
    same(
        observed.response.raw_finish_reason,
        bench.features.finishes[script.finish.reason],
        "raw_finish_reason",
    )


@law(needs="tools", script=call_scripts, examples=0.1)
def finish_reason_of_tool_calls(bench: Bench, script: Script) -> None:
    """An answer that ends with tool calls has the finish reason `tool_calls`."""
    observed = bench.observe(Scenario(script))
    check_complete(observed, script)
    same(observed.response.finish_reason, "tool_calls", "finish_reason")


def _delta(usage: Usage) -> UsageDelta:
    return UsageDelta(usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.cached_tokens)
