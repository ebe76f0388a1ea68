"""Wrappers that see an end where there is none, or none where there is one."""

import re

from reference import HTML, Frames, Lines, ReferenceChat

from modelstream import Finish, MalformedDataError, TruncatedStreamError


class LastOnDone(ReferenceChat):
    """takes `[DONE]` alone for the end marker"""

    breaks = "false_end_no_last"

    class Frames(Frames):
        def read(self, data):
            said = super().read(data)
            return [*said, Finish("stop", "stop")] if self.done else said


class LastAtTheEnd(ReferenceChat):
    """invents a finish reason when the body ends without one"""

    breaks = "no_end_no_last"

    def streamed(self, pieces):
        yield from super().streamed(pieces)
        yield Finish("stop", "stop")

    async def astreamed(self, pieces):
        async for said in super().astreamed(pieces):
            yield said
        yield Finish("stop", "stop")


class NeverLast(ReferenceChat):
    """never says that the answer is complete"""

    breaks = "one_last"

    class Frames(Frames):
        def finish(self, reason):
            return []


class LastOnUsage(ReferenceChat):
    """takes the token counts for the end marker"""

    breaks = "usage_is_replaced"

    class Frames(Frames):
        def usage(self, usage):
            return [*super().usage(usage), Finish("stop", "stop")] if usage else []


class LastWhenTextPauses(ReferenceChat):
    """takes a frame without text for the end"""

    breaks = "split_independent"

    class Frames(Frames):
        begun = False

        def said(self, delta):
            said = super().said(delta)
            ended = self.begun and not said
            self.begun = self.begun or bool(said)
            return [Finish("stop", "stop")] if ended else said


class LastLate(ReferenceChat):
    """keeps the end to itself until the body ends"""

    breaks = "nothing_after_the_end"

    class Frames(Frames):
        ending = ()

        def finish(self, reason):
            self.ending = self.ending or super().finish(reason)
            return []

        def read(self, data):
            said = super().read(data)
            return [*said, *self.ending] if self.done else said


class HalfTaken(ReferenceChat):
    """picks the text out of a frame that was cut"""

    breaks = "half_a_frame"

    class Lines(Lines):
        def picked(self):
            found = re.search(rb'"content":"([^"\\]*)', self.rest)
            return found[1].decode("utf-8", "ignore") if found else ""

    def streamed(self, pieces):
        lines, frames = self.Lines(), self.Frames()
        for piece in pieces:
            for data in lines.feed(piece):
                yield from frames.read(data)
        yield lines.picked()

    async def astreamed(self, pieces):
        lines, frames = self.Lines(), self.Frames()
        async for piece in pieces:
            for data in lines.feed(piece):
                for said in frames.read(data):
                    yield said
        yield lines.picked()


class HalfIsTheEnd(ReferenceChat):
    """takes a finish reason from a frame that was cut"""

    breaks = "half_a_frame"

    class Lines(HalfTaken.Lines):
        def picked(self):
            return [Finish("stop", "stop")] if b'"finish_reason":"' in self.rest else ""

    streamed = HalfTaken.streamed
    astreamed = HalfTaken.astreamed


class MalformedSkipped(ReferenceChat):
    """skips frames that it can't read"""

    breaks = "malformed_frame"

    class Frames(Frames):
        def read(self, data):
            try:
                return super().read(data)
            except MalformedDataError:
                return []


class ErrorsSkipped(ReferenceChat):
    """skips frames that tell of an error"""

    breaks = "error_frame"

    class Frames(Frames):
        def read(self, data):
            return [] if b'"error"' in data else super().read(data)


class ErrorsAreText(ReferenceChat):
    """shows the provider's error as text of the answer"""

    breaks = "error_frame"

    class Frames(Frames):
        def read(self, data):
            frame = {} if data == b"[DONE]" else self.decoded(data)
            if "error" in frame:
                return [frame["error"]["message"]]
            return super().read(data)


class ErrorsEndIt(ReferenceChat):
    """takes an error in the middle for a finish reason"""

    breaks = "error_frame"

    class Frames(Frames):
        def read(self, data):
            return [Finish("stop", "error")] if b'"error"' in data else super().read(data)


class LengthIsCut(ReferenceChat):
    """calls an answer truncated that the provider has ended for its length"""

    breaks = "finish_reason_survives"

    class Frames(Frames):
        def finish(self, reason):
            if reason == "length":
                raise TruncatedStreamError("the answer was cut at its greatest length")
            return super().finish(reason)


class PageIsEmpty(ReferenceChat):
    """takes a web page for an empty answer"""

    breaks = "web_page"

    def check(self, status, headers, body):
        if HTML not in headers.get("Content-Type", "") or status != 200:
            super().check(status, headers, body)

    def whole(self, body):
        return [Finish("stop")] if b"<html" in body else super().whole(body)


class NothingIsEmpty(ReferenceChat):
    """takes an empty body for an empty answer"""

    breaks = "empty_body"

    def streamed(self, pieces):
        pieces = list(pieces)
        yield from super().streamed(pieces) if pieces else [Finish("stop")]


class EmptyWholeIsEmpty(ReferenceChat):
    """takes an empty body for an empty answer if it does not stream"""

    breaks = "empty_body"

    def whole(self, body):
        return super().whole(body) if body else [Finish("stop")]


class BrokenWholeIsEmpty(ReferenceChat):
    """takes what is no JSON for an empty answer if it does not stream"""

    breaks = "whole_answer_broken"

    def whole(self, body):
        try:
            return super().whole(body)
        except MalformedDataError:
            return [Finish("stop")]
