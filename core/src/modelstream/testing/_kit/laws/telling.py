"""Laws about the text of a complete answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelstream.deltas import TextDelta
from modelstream.testing._kit.bench import Lockstep
from modelstream.testing._kit.heard import complete, deltas_of
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.strategies import ODD, everything, scripts, styles, texts_only
from modelstream.testing._kit.style import Style
from modelstream.testing._kit.take import Take

if TYPE_CHECKING:
    from modelstream.testing._kit.bench import Bench

_laws = Laws()
laws = _laws.laws
law = _laws.law

MIB = 1 << 20


@law(script=scripts)
def monotone(bench: Bench, script: Script) -> None:
    """Each text begins with the text before it, and goes on where that ended."""
    shown = ""
    for snapshot in bench.hear(Take(script)).snapshots:
        last, text = snapshot
        must(text.startswith(shown), f"{text!r} was shown after {shown!r}")
        must(last or len(text) > len(shown), f"{text!r} was shown twice without last=True")
        same((snapshot.offset, snapshot.delta), (len(shown), text[len(shown) :]), "offset and delta")
        shown = text


@law(script=scripts)
def one_last(bench: Bench, script: Script) -> None:
    """A complete answer gives `last=True` once: with its last snapshot, which has the whole text."""
    heard = bench.hear(Take(script))
    complete(heard, script)
    lasts = [text for last, text in heard.pairs if last]
    same(lasts, [script.text], "the texts with last=True")


@law(script=scripts)
def whole_text(bench: Bench, script: Script) -> None:
    """The text is what the provider sent, and the text deltas make it when they are joined."""
    heard = bench.hear(Take(script))
    complete(heard, script)
    joined = "".join(
        delta.text for delta in deltas_of(bench.way, heard.response) if isinstance(delta, TextDelta)
    )
    same(joined, script.text, "the text deltas, joined")
    same(
        "".join(snapshot.delta for snapshot in heard.snapshots), script.text, "the snapshots' deltas, joined"
    )
    same(bench.way.text(heard.response), script.text, "response.text")


@law(examples=0)
def empty_answer(bench: Bench) -> None:
    """An answer without text gives one snapshot: `(True, "")`."""
    for script in (Script(), Script([TextDelta(""), TextDelta("")])):
        heard = bench.hear(Take(script))
        complete(heard, script)
        same(heard.pairs, [(True, "")], "the snapshots")


@law(examples=0)
def odd_text(bench: Bench) -> None:
    """Text that looks like a format, and characters that some take for line ends, arrive as they are."""
    script = Script([TextDelta(text) for text in ODD])
    complete(bench.hear(Take(script)), script)
    script = Script([TextDelta("".join(ODD))])
    complete(bench.hear(Take(script)), script)


@law(examples=0, needs="halves")
def split_characters(bench: Bench) -> None:
    """A character whose halves come in two frames is shown when it is whole, and never half."""
    script = Script([TextDelta("a\ud83d"), TextDelta("\ude00b"), TextDelta("\ud83d"), TextDelta("\ude00")])
    heard = bench.hear(Take(script))
    complete(heard, script)
    for _, text in heard.pairs:
        must(
            not any("\ud800" <= character <= "\udfff" for character in text), f"half a character in {text!r}"
        )
        must("\ufffd" not in text, f"a broken character in {text!r}")


@law(examples=0)
def huge_delta(bench: Bench) -> None:
    """A delta of 1 MiB arrives whole, between small ones."""
    script = Script([TextDelta("a"), TextDelta("b😀" * (MIB // 2)), TextDelta("c")])
    complete(bench.hear(Take(script)), script)


@law(examples=0)
def many_deltas(bench: Bench) -> None:
    """An answer of 2,000 deltas, many of them alike, arrives whole."""
    words = ["ha ", "ha ", "1", " ", "\n"]
    script = Script([TextDelta(words[at % len(words)]) for at in range(2000)])
    heard = bench.hear(Take(script))
    complete(heard, script)


@law(where="http", examples=0)
def cut_at_the_seams(bench: Bench) -> None:
    """Bytes that are read one by one inside a character, or between CR and LF, are put together."""
    rest = everything(bench.features)
    script = Script([TextDelta("aé中😀"), TextDelta("\u2028ы"), *rest.deltas], rest.finish, rest.usage)
    for line_end in (b"\n", b"\r\n"):
        complete(bench.hear(Take(script, style=Style(pieces="seams", line_end=line_end))), script)


@law(where="http", script=scripts, style=styles)
def split_independent(bench: Bench, script: Script, style: Style) -> None:
    """However its bytes are cut and dressed, the answer is the same.

    Cut at any byte, in characters too; CRLF or LF; with comments and frames that say nothing; escaped or not.
    """
    heard = bench.hear(Take(script, style=style))
    complete(heard, script)
    same(heard.response.reasoning, script.reasoning, "the reasoning")
    same(len(heard.response.tool_calls), len(script.tool_calls), "the number of tool calls")


@law(script=texts_only)
def nothing_after_the_end(bench: Bench, script: Script) -> None:
    """Text that a provider sends behind its end marker changes nothing."""
    heard = bench.hear(Take(script, then=Script([TextDelta("and another thing")])))
    complete(heard, script)
    must(all(not last for last, _ in heard.pairs[:-1]), "there was a snapshot after last=True")


@law(examples=0)
def no_lag(bench: Bench) -> None:
    """Every delta, and the end, is handed over before the provider sends its next frame."""
    script = everything(bench.features)
    lockstep = Lockstep(script)
    bench.stage.play(Take(script, gates=lockstep.gates))
    response = bench.way.call(bench.wrapper())
    bench.way.each(response.deltas, lockstep.listen)
    lockstep.check()


@law(examples=0)
def no_lag_of_snapshots(bench: Bench) -> None:
    """The snapshot of every text delta is out before the provider sends its next frame."""
    script = Script([TextDelta("Hel"), TextDelta("lo"), TextDelta(" "), TextDelta("world")])
    lockstep = Lockstep(script)
    bench.stage.play(Take(script, gates=lockstep.gates))
    response = bench.way.call(bench.wrapper())
    bench.way.each(
        response.stream,
        lambda snapshot: lockstep.listen(script.finish if snapshot.last else TextDelta(snapshot.delta)),
    )
    lockstep.check()
