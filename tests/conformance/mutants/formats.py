"""Wrappers that read their provider's format as it looked when it was tried once."""

from reference import Frames, Lines, ReferenceChat


class NeedsSpace(ReferenceChat):
    """reads `data: ` only with the space"""

    breaks = "split_independent"

    class Lines(Lines):
        def feed(self, piece):
            *lines, self.rest = (self.rest + piece).split(b"\n")
            return [line[6:].removesuffix(b"\r") for line in lines if line.startswith(b"data: ")]


class OnlyLineFeeds(ReferenceChat):
    """looks for the blank line between events as LF LF"""

    breaks = "split_independent"

    class Lines(Lines):
        def feed(self, piece):
            *events, self.rest = (self.rest + piece).split(b"\n\n")
            found = [event.removeprefix(b"data:").strip() for event in events]
            return [data for event, data in zip(events, found, strict=True) if event.startswith(b"data:")]


class CommentsAreData(ReferenceChat):
    """takes every line that is not blank for data"""

    breaks = "split_independent"

    class Lines(Lines):
        def feed(self, piece):
            *lines, self.rest = (self.rest + piece).split(b"\n")
            return [line.removeprefix(b"data:").strip() for line in lines if line.strip()]


class EventsPerRead(ReferenceChat):
    """takes what one read brings for whole events"""

    breaks = "split_independent"

    class Lines(Lines):
        def feed(self, piece):
            self.rest, self.data = b"", []
            return super().feed(piece)


class NeedsChoices(ReferenceChat):
    """reads `choices[0]` of every frame"""

    breaks = "usage_survives"

    class Frames(Frames):
        def read(self, data):
            if data != b"[DONE]":
                self.decoded(data)["choices"][0]
            return super().read(data)


class NeedsContent(ReferenceChat):
    """reads `delta["content"]` of every frame, and calls one without malformed"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def said(self, delta):
            if delta:
                len(delta["content"])
            return super().said(delta)


class NeedsLength(ReferenceChat):
    """reads the whole body before its first line"""

    breaks = "no_lag"

    def pieces(self, response):
        yield response.read()

    async def astreamed(self, pieces):
        whole = b"".join([piece async for piece in pieces])

        async def once():
            yield whole

        async for said in super().astreamed(once()):
            yield said


class PiecesOfCallsLost(ReferenceChat):
    """expects every tool call in one frame"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def said(self, delta):
            calls = [call for call in delta.get("tool_calls") or () if "name" in call["function"]]
            return super().said({**delta, "tool_calls": calls})
