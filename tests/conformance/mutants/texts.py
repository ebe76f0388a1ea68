"""Wrappers that tell the text wrongly, or late."""

import json
from contextlib import suppress

from reference import Frames, Lines, ReferenceChat

from modelstream import Finish


class _Held(Frames):
    """Frames with something kept from one to the next."""

    def __init__(self):
        super().__init__()
        self.held = []


class Cumulative(ReferenceChat):
    """sends the whole text so far as each delta"""

    breaks = "whole_text"

    class Frames(Frames):
        text = ""

        def said(self, delta):
            self.text += delta.get("content") or ""
            return [self.text] if delta.get("content") else []


class LastDropped(ReferenceChat):
    """loses the last delta before the end"""

    breaks = "whole_text"

    class Frames(_Held):
        def read(self, data):
            said = super().read(data)
            if any(isinstance(one, Finish) for one in said):
                return said
            said, self.held = self.held, said
            return said


class FirstDropped(ReferenceChat):
    """takes the first delta for the one that has only the role"""

    breaks = "whole_text"

    class Frames(_Held):
        def said(self, delta):
            said = super().said(delta)
            begun, self.held = self.held, self.held or said
            return said if begun else []


class Reordered(ReferenceChat):
    """hands on the two deltas of a read in the wrong order"""

    breaks = "whole_text"

    class Frames(_Held):
        def read(self, data):
            said = super().read(data)
            if len(said) == 1 and isinstance(said[0], str) and not self.held:
                self.held = said
                return []
            said, self.held = said + self.held, []
            return sorted(said, key=lambda one: isinstance(one, Finish))


class AllAtTheEnd(ReferenceChat):
    """collects the answer and hands it on at its end"""

    breaks = "no_lag_of_snapshots"

    class Frames(_Held):
        def read(self, data):
            self.held += super().read(data)
            if not self.done:
                return []
            return self.held


class OneBehind(ReferenceChat):
    """hands on each delta when the next one comes"""

    breaks = "no_lag"

    class Frames(_Held):
        def read(self, data):
            said, self.held = self.held, super().read(data)
            return said + self.held if any(isinstance(one, Finish) for one in self.held) else said


class Glued(ReferenceChat):
    """joins every two deltas to save on snapshots"""

    breaks = "no_lag_of_snapshots"

    class Frames(_Held):
        def read(self, data):
            said = super().read(data)
            if said and all(isinstance(one, str) for one in said + self.held) and not self.held:
                self.held = said
                return []
            said, self.held = self.held + said, []
            return said


class DecodesPieces(ReferenceChat):
    """decodes the bytes of each read by themselves"""

    breaks = "cut_at_boundaries"

    class Lines(Lines):
        def feed(self, piece):
            return super().feed(piece.decode("utf-8", "replace").encode())


class SplitsAtUnicodeLines(ReferenceChat):
    """splits lines as text, where U+2028 ends a line, too"""

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
        def said(self, delta):
            return [one.strip() if isinstance(one, str) else one for one in super().said(delta)]


class BlankDropped(ReferenceChat):
    """takes a delta of white space for an empty one"""

    breaks = "odd_text"

    class Frames(Frames):
        def said(self, delta):
            return [one for one in super().said(delta) if not isinstance(one, str) or one.strip()]


class RepeatsDropped(ReferenceChat):
    """takes a delta that equals the one before for sent twice"""

    breaks = "many_deltas"

    class Frames(_Held):
        def said(self, delta):
            said = super().said(delta)
            before, self.held = self.held, said
            return [] if said == before else said


class UnescapedTwice(ReferenceChat):
    """undoes escapes in the text that JSON has undone already"""

    breaks = "odd_text"

    class Frames(Frames):
        def said(self, delta):
            text = delta.get("content") or ""
            with suppress(ValueError):
                delta = {**delta, "content": json.loads(f'"{text}"', strict=False)}
            return super().said(delta)


class HalvesLost(ReferenceChat):
    """replaces the halves of a character that comes in two deltas"""

    breaks = "split_characters"

    class Frames(Frames):
        def said(self, delta):
            said = super().said(delta)
            return [one.encode("utf-8", "replace").decode() if isinstance(one, str) else one for one in said]


class LineEndsMadeAlike(ReferenceChat):
    """replaces CR in the text by LF"""

    breaks = "odd_text"

    class Frames(Frames):
        def said(self, delta):
            return [one.replace("\r", "\n") if isinstance(one, str) else one for one in super().said(delta)]


class LongLinesDropped(ReferenceChat):
    """drops lines that are longer than its buffer of 512 KiB"""

    breaks = "huge_delta"

    class Lines(Lines):
        def feed(self, piece):
            return [data for data in super().feed(piece) if len(data) < 512 * 1024]


class TextAgainAtTheEnd(ReferenceChat):
    """says the whole text once more before the end"""

    breaks = "one_last"

    class Frames(Frames):
        text = ""

        def said(self, delta):
            self.text += delta.get("content") or ""
            return super().said(delta)

        def finish(self, reason):
            return [self.text, *super().finish(reason)] if reason else []


class NoneAsText(ReferenceChat):
    """shows a content of null as the word None"""

    breaks = "split_independent"

    class Frames(Frames):
        def said(self, delta):
            return super().said({**delta, "content": str(delta["content"])} if "content" in delta else delta)


class AsciiOnly(ReferenceChat):
    """drops what is not ASCII"""

    breaks = "odd_text"

    class Frames(Frames):
        def said(self, delta):
            said = super().said(delta)
            return [one.encode("ascii", "ignore").decode() if isinstance(one, str) else one for one in said]


class MarkDropped(ReferenceChat):
    """drops U+FEFF as a byte order mark wherever it stands"""

    breaks = "odd_text"

    class Lines(Lines):
        def feed(self, piece):
            return super().feed(piece.replace(b"\xef\xbb\xbf", b""))
