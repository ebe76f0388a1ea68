"""Wrappers that report the text wrongly or late."""

import json
from contextlib import suppress

from reference import Frames, Lines, ReferenceChat

from modelstream import Finish


class _Held(Frames):
    """Frames that hold deltas back until the next frame."""

    def __init__(self):
        super().__init__()
        self.held = []


class Cumulative(ReferenceChat):
    """sends the whole text so far as each delta"""

    breaks = "whole_text"

    class Frames(Frames):
        text = ""

        def content(self, delta):
            self.text += delta.get("content") or ""
            return [self.text] if delta.get("content") else []


class LastDropped(ReferenceChat):
    """loses the last delta before the end"""

    breaks = "whole_text"

    class Frames(_Held):
        def read(self, data):
            deltas = super().read(data)
            if any(isinstance(one, Finish) for one in deltas):
                return deltas
            deltas, self.held = self.held, deltas
            return deltas


class FirstDropped(ReferenceChat):
    """treats the first delta as the one that has only the role"""

    breaks = "whole_text"

    class Frames(_Held):
        def content(self, delta):
            deltas = super().content(delta)
            begun, self.held = self.held, self.held or deltas
            return deltas if begun else []


class Reordered(ReferenceChat):
    """yields two consecutive deltas in the wrong order"""

    breaks = "whole_text"

    class Frames(_Held):
        def read(self, data):
            deltas = super().read(data)
            if len(deltas) == 1 and isinstance(deltas[0], str) and not self.held:
                self.held = deltas
                return []
            deltas, self.held = deltas + self.held, []
            return sorted(deltas, key=lambda one: isinstance(one, Finish))


class AllAtTheEnd(ReferenceChat):
    """collects the answer and yields it at its end"""

    breaks = "no_lag_of_snapshots"

    class Frames(_Held):
        def read(self, data):
            self.held += super().read(data)
            if not self.done:
                return []
            return self.held


class OneDeltaLate(ReferenceChat):
    """yields each delta only when the next one arrives"""

    breaks = "no_lag"

    class Frames(_Held):
        def read(self, data):
            deltas, self.held = self.held, super().read(data)
            return deltas + self.held if any(isinstance(one, Finish) for one in self.held) else deltas


class Glued(ReferenceChat):
    """joins every two deltas, to have fewer snapshots"""

    breaks = "no_lag_of_snapshots"

    class Frames(_Held):
        def read(self, data):
            deltas = super().read(data)
            if deltas and all(isinstance(one, str) for one in deltas + self.held) and not self.held:
                self.held = deltas
                return []
            deltas, self.held = self.held + deltas, []
            return deltas


class DecodesPieces(ReferenceChat):
    """decodes the bytes of each read separately"""

    breaks = "cut_at_boundaries"

    class Lines(Lines):
        def feed(self, piece):
            return super().feed(piece.decode("utf-8", "replace").encode())


class SplitsAtUnicodeLines(ReferenceChat):
    """splits lines as text, where U+2028 also ends a line"""

    breaks = "odd_text"

    class Lines(Lines):
        def feed(self, piece):
            begun = self.rest + piece
            end = begun.rfind(b"\n") + 1
            self.rest = b""
            events = super().feed(
                "\n".join(begun[:end].decode().splitlines()).encode() + b"\n" if end else b""
            )
            self.rest = begun[end:]
            return events


class Stripped(ReferenceChat):
    """strips white space from each delta"""

    breaks = "whole_text"

    class Frames(Frames):
        def content(self, delta):
            return [one.strip() if isinstance(one, str) else one for one in super().content(delta)]


class BlankDropped(ReferenceChat):
    """drops deltas that are only white space"""

    breaks = "odd_text"

    class Frames(Frames):
        def content(self, delta):
            return [one for one in super().content(delta) if not isinstance(one, str) or one.strip()]


class RepeatsDropped(ReferenceChat):
    """drops a delta that equals the one before"""

    breaks = "many_deltas"

    class Frames(_Held):
        def content(self, delta):
            deltas = super().content(delta)
            before, self.held = self.held, deltas
            return [] if deltas == before else deltas


class UnescapedTwice(ReferenceChat):
    """decodes escapes in the text a second time"""

    breaks = "odd_text"

    class Frames(Frames):
        def content(self, delta):
            text = delta.get("content") or ""
            with suppress(ValueError):
                delta = {**delta, "content": json.loads(f'"{text}"', strict=False)}
            return super().content(delta)


class HalvesLost(ReferenceChat):
    """replaces the halves of a character that is split over two deltas"""

    breaks = "split_characters"

    class Frames(Frames):
        def content(self, delta):
            found = super().content(delta)
            return [one.encode("utf-8", "replace").decode() if isinstance(one, str) else one for one in found]


class LineEndsNormalized(ReferenceChat):
    """replaces CR in the text by LF"""

    breaks = "odd_text"

    class Frames(Frames):
        def content(self, delta):
            return [
                one.replace("\r", "\n") if isinstance(one, str) else one for one in super().content(delta)
            ]


class LongLinesDropped(ReferenceChat):
    """drops lines that are longer than its buffer of 512 KiB"""

    breaks = "huge_delta"

    class Lines(Lines):
        def feed(self, piece):
            return [data for data in super().feed(piece) if len(data) < 512 * 1024]


class TextAgainAtTheEnd(ReferenceChat):
    """repeats the whole text before the end"""

    breaks = "one_last"

    class Frames(Frames):
        text = ""

        def content(self, delta):
            self.text += delta.get("content") or ""
            return super().content(delta)

        def finish(self, reason):
            return [self.text, *super().finish(reason)] if reason else []


class NoneAsText(ReferenceChat):
    """shows a content of null as the word None"""

    breaks = "split_independent"

    class Frames(Frames):
        def content(self, delta):
            return super().content(
                {**delta, "content": str(delta["content"])} if "content" in delta else delta
            )


class AsciiOnly(ReferenceChat):
    """drops characters that are not ASCII"""

    breaks = "odd_text"

    class Frames(Frames):
        def content(self, delta):
            found = super().content(delta)
            return [one.encode("ascii", "ignore").decode() if isinstance(one, str) else one for one in found]


class MarkDropped(ReferenceChat):
    """drops U+FEFF anywhere as a byte order mark"""

    breaks = "odd_text"

    class Lines(Lines):
        def feed(self, piece):
            return super().feed(piece.replace(b"\xef\xbb\xbf", b""))
