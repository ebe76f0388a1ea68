"""Laws about the text of a complete answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelstream.deltas import TextDelta
from modelstream.testing._kit.bench import Lockstep
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.observation import check_complete, deltas_of
from modelstream.testing._kit.scenario import Scenario
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.strategies import ODD, everything, scripts, styles, texts_only
from modelstream.testing._kit.style import Style

if TYPE_CHECKING:
    from modelstream.testing._kit.bench import Bench

_laws = Laws()
laws = _laws.laws
law = _laws.law

MIB = 1 << 20


@law(script=scripts)
def monotone(bench: Bench, script: Script) -> None:
    """Each text begins with the previous text and continues it."""
    shown = ""
    for snapshot in bench.observe(Scenario(script)).snapshots:
        last, text = snapshot
        must(text.startswith(shown), f"{text!r} was shown after {shown!r}")
        must(last or len(text) > len(shown), f"{text!r} was shown twice without last=True")
        same((snapshot.offset, snapshot.delta), (len(shown), text[len(shown) :]), "offset and delta")
        shown = text


@law(script=scripts)
def one_last(bench: Bench, script: Script) -> None:
    """A complete answer gives `last=True` once, with its last snapshot, which has the whole text."""
    observed = bench.observe(Scenario(script))
    check_complete(observed, script)
    lasts = [text for last, text in observed.pairs if last]
    same(lasts, [script.text], "the texts with last=True")


@law(script=scripts)
def whole_text(bench: Bench, script: Script) -> None:
    """The text is that of the provider, and equals the joined text deltas."""
    observed = bench.observe(Scenario(script))
    check_complete(observed, script)
    joined = "".join(
        delta.text for delta in deltas_of(bench.way, observed.response) if isinstance(delta, TextDelta)
    )
    same(joined, script.text, "the text deltas, joined")
    same(
        "".join(snapshot.delta for snapshot in observed.snapshots),
        script.text,
        "the snapshots' deltas, joined",
    )
    same(bench.way.text(observed.response), script.text, "response.text")


@law(examples=0)
def empty_answer(bench: Bench) -> None:
    """An answer without text gives one snapshot: `(True, "")`."""
    for script in (Script(), Script([TextDelta(""), TextDelta("")])):
        observed = bench.observe(Scenario(script))
        check_complete(observed, script)
        same(observed.pairs, [(True, "")], "the snapshots")


@law(examples=0)
def odd_text(bench: Bench) -> None:
    """Text that looks like a format, and characters that some treat as line ends, are not changed."""
    script = Script([TextDelta(text) for text in ODD])
    check_complete(bench.observe(Scenario(script)), script)
    script = Script([TextDelta("".join(ODD))])
    check_complete(bench.observe(Scenario(script)), script)


@law(examples=0, needs="halves")
def split_characters(bench: Bench) -> None:
    """A character that is split over two frames is shown when it is complete, never as a half."""
    script = Script([TextDelta("a\ud83d"), TextDelta("\ude00b"), TextDelta("\ud83d"), TextDelta("\ude00")])
    observed = bench.observe(Scenario(script))
    check_complete(observed, script)
    for _, text in observed.pairs:
        must(
            not any("\ud800" <= character <= "\udfff" for character in text), f"half a character in {text!r}"
        )
        must("\ufffd" not in text, f"a broken character in {text!r}")


@law(examples=0)
def huge_delta(bench: Bench) -> None:
    """A delta of 1 MiB between small ones arrives complete."""
    script = Script([TextDelta("a"), TextDelta("b😀" * (MIB // 2)), TextDelta("c")])
    check_complete(bench.observe(Scenario(script)), script)


@law(examples=0)
def many_deltas(bench: Bench) -> None:
    """An answer of 2,000 deltas, many of them equal, arrives complete."""
    words = ["ha ", "ha ", "1", " ", "\n"]
    script = Script([TextDelta(words[at % len(words)]) for at in range(2000)])
    observed = bench.observe(Scenario(script))
    check_complete(observed, script)


@law(where="http", examples=0)
def cut_at_boundaries(bench: Bench) -> None:
    """Bytes that are read separately inside a character, or between CR and LF, are joined."""
    rest = everything(bench.features)
    script = Script([TextDelta("aé中😀"), TextDelta("\u2028ы"), *rest.deltas], rest.finish, rest.usage)
    for line_end in (b"\n", b"\r\n"):
        check_complete(
            bench.observe(Scenario(script, style=Style(pieces="boundaries", line_end=line_end))), script
        )


@law(where="http", script=scripts, style=styles)
def split_independent(bench: Bench, script: Script, style: Style) -> None:
    """The answer does not depend on how its bytes are split and formatted.

    Split at any byte, also in characters; CRLF or LF; with comments and empty frames; escaped or not.
    """
    observed = bench.observe(Scenario(script, style=style))
    check_complete(observed, script)
    same(observed.response.reasoning, script.reasoning, "the reasoning")
    same(len(observed.response.tool_calls), len(script.tool_calls), "the number of tool calls")


@law(needs="terminal", script=texts_only)
def nothing_after_the_end(bench: Bench, script: Script) -> None:
    """Text that a provider sends after the end of its answer is ignored."""
    observed = bench.observe(Scenario(script, then=Script([TextDelta("and another thing")])))
    check_complete(observed, script)
    must(all(not last for last, _ in observed.pairs[:-1]), "there was a snapshot after last=True")


@law(examples=0)
def no_lag(bench: Bench) -> None:
    """Every delta is delivered before the provider sends its next frame."""
    script = everything(bench.features)
    lockstep = Lockstep(script, with_end=bench.provider.in_process)
    bench.provider.play(Scenario(script, gates=lockstep.gates))
    response = bench.way.call(bench.wrapper())
    bench.way.each(response.deltas, lockstep.listen)
    lockstep.check()


@law(examples=0)
def no_lag_of_snapshots(bench: Bench) -> None:
    """The snapshot of every text delta is delivered before the provider sends its next frame."""
    script = Script([TextDelta("Hel"), TextDelta("lo"), TextDelta(" "), TextDelta("world")])
    lockstep = Lockstep(script)
    bench.provider.play(Scenario(script, gates=lockstep.gates))
    response = bench.way.call(bench.wrapper())
    bench.way.each(
        response.stream,
        lambda snapshot: lockstep.listen(script.finish if snapshot.last else TextDelta(snapshot.delta)),
    )
    lockstep.check()
