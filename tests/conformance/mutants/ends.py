"""Wrappers that report an end where there is none, or miss it."""

import re
from contextlib import suppress

from reference import HTML, Frames, Lines, ReferenceChat

from modelstream import Finish, MalformedDataError, TruncatedStreamError
from modelstream.wire import Ending


class LastOnDone(ReferenceChat):
    """treats `[DONE]` alone as the end marker"""

    breaks = "false_end_no_last"

    class Frames(Frames):
        def read(self, data):
            deltas = super().read(data)
            return [*deltas, Finish("stop", "stop")] if self.done else deltas


class LastAtTheEnd(ReferenceChat):
    """invents a finish reason when the body ends without one"""

    breaks = "no_end_no_last"

    def streamed(self, pieces):
        with suppress(TruncatedStreamError):
            yield from super().streamed(pieces)
        yield Finish("stop", "stop")

    async def astreamed(self, pieces):
        with suppress(TruncatedStreamError):
            async for item in super().astreamed(pieces):
                yield item
        yield Finish("stop", "stop")


class NeverLast(ReferenceChat):
    """never reports that the answer is complete"""

    breaks = "one_last"

    class Frames(Frames):
        def finish(self, reason):
            return []


class LastOnUsage(ReferenceChat):
    """treats the token counts as the end marker"""

    breaks = "usage_after_failure"

    class Frames(Frames):
        def usage(self, usage):
            return [*super().usage(usage), Finish("stop", "stop")] if usage else []


class LastWhenTextPauses(ReferenceChat):
    """treats a frame without text as the end"""

    breaks = "no_end_no_last"

    class Frames(Frames):
        begun = False

        def content(self, delta):
            deltas = super().content(delta)
            ended = self.begun and not deltas
            self.begun = self.begun or bool(deltas)
            return [Finish("stop", "stop")] if ended else deltas


class NeverDone(Frames):
    """Frames of which none is the last."""

    @property
    def done(self):
        return False

    @done.setter
    def done(self, value):
        pass


class LastLate(ReferenceChat):
    """reports the end only when the body ends"""

    breaks = "end_at_terminal"
    Frames = NeverDone


class ReadsOn(ReferenceChat):
    """reads on after the terminal frame"""

    breaks = "nothing_after_the_end"
    Frames = NeverDone


class FirstWordIsLast(ReferenceChat):
    """ends the answer at its first finish reason"""

    breaks = "early_finish"

    class Frames(Frames):
        def finish(self, reason):
            deltas = super().finish(reason)
            self.done = self.done or bool(deltas)
            return deltas


class EveryWordIsStrong(ReferenceChat):
    """believes a finish reason that was followed by more"""

    breaks = "early_finish_no_last"

    def ending(self):
        return _Believing(has_terminal=False)


class _Believing(Ending):
    first = None

    def add(self, deltas, start):
        super().add(deltas, start)
        self.first = self.first or self.word

    def end_at_body(self):
        self.finish = self.first


class ErrorsAfterTheWordSkipped(ReferenceChat):
    """skips errors after a finish reason"""

    breaks = "error_after_the_finish"

    class Frames(Frames):
        ended = False

        def finish(self, reason):
            self.ended = self.ended or bool(reason)
            return super().finish(reason)

        def sent_error(self, error):
            if self.ended:
                self.done = True
                raise SkippedError
            return super().sent_error(error)

        def read(self, data):
            try:
                return super().read(data)
            except SkippedError:
                return []


class SkippedError(Exception):
    """An error that is not raised."""


class NeedsDone(ReferenceChat):
    """requires `[DONE]` after the finish reason"""

    breaks = "finish_is_enough"

    def ending(self):
        return _Strict(has_terminal=True)


class _Strict(Ending):
    def end_at_body(self):
        pass


class HalfTaken(ReferenceChat):
    """extracts the text from a frame that was cut"""

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
                for item in frames.read(data):
                    yield item
        yield lines.picked()


class HalfIsTheEnd(ReferenceChat):
    """reads the finish reason of a frame that was cut"""

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
    """skips error frames"""

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
    """treats an error in the middle as a finish reason"""

    breaks = "error_frame"

    class Frames(Frames):
        def read(self, data):
            return [Finish("stop", "error")] if b'"error"' in data else super().read(data)


class LengthIsCut(ReferenceChat):
    """reports an answer with the finish reason `length` as truncated"""

    breaks = "finish_reason_survives"

    class Frames(Frames):
        def finish(self, reason):
            if reason == "length":
                raise TruncatedStreamError("the answer reached its maximum length")
            return super().finish(reason)


class PageIsEmpty(ReferenceChat):
    """treats a web page as an empty answer"""

    breaks = "web_page"

    def check(self, status, headers, body):
        if HTML not in headers.get("Content-Type", "") or status != 200:
            super().check(status, headers, body)

    def whole(self, body):
        return [Finish("stop")] if b"<html" in body else super().whole(body)


class NothingIsEmpty(ReferenceChat):
    """treats an empty body as an empty answer"""

    breaks = "empty_body"

    def streamed(self, pieces):
        pieces = list(pieces)
        yield from super().streamed(pieces) if pieces else [Finish("stop")]


class EmptyWholeIsEmpty(ReferenceChat):
    """treats an empty body as an empty answer without streaming"""

    breaks = "empty_body"

    def whole(self, body):
        return super().whole(body) if body else [Finish("stop")]


class BrokenWholeIsEmpty(ReferenceChat):
    """treats invalid JSON as an empty answer without streaming"""

    breaks = "whole_answer_broken"

    def whole(self, body):
        try:
            return super().whole(body)
        except MalformedDataError:
            return [Finish("stop")]
