"""Wrappers that read only some variants of their provider's format."""

from reference import Frames, Lines, ReferenceChat


class NeedsSpace(ReferenceChat):
    """reads `data: ` only with the space"""

    breaks = "split_independent"

    class Lines(Lines):
        def feed(self, piece):
            *lines, self.rest = (self.rest + piece).split(b"\n")
            return [line[6:].removesuffix(b"\r") for line in lines if line.startswith(b"data: ")]


class OnlyLineFeeds(ReferenceChat):
    """splits events only at LF LF"""

    breaks = "split_independent"

    class Lines(Lines):
        def feed(self, piece):
            *events, self.rest = (self.rest + piece).split(b"\n\n")
            found = [event.removeprefix(b"data:").strip() for event in events]
            return [data for event, data in zip(events, found, strict=True) if event.startswith(b"data:")]


class CommentsAreData(ReferenceChat):
    """treats every line that is not blank as data"""

    breaks = "split_independent"

    class Lines(Lines):
        def feed(self, piece):
            *lines, self.rest = (self.rest + piece).split(b"\n")
            return [line.removeprefix(b"data:").strip() for line in lines if line.strip()]


class EventsPerRead(ReferenceChat):
    """treats the bytes of one read as whole events"""

    breaks = "split_independent"

    class Lines(Lines):
        def feed(self, piece):
            self.rest, self.data = b"", []
            return super().feed(piece)


class NeedsChoices(ReferenceChat):
    """requires `choices[0]` in every frame"""

    breaks = "usage_survives"

    class Frames(Frames):
        def read(self, data):
            if data != b"[DONE]":
                self.decoded(data)["choices"][0]
            return super().read(data)


class NeedsContent(ReferenceChat):
    """requires `delta["content"]` in every frame"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def content(self, delta):
            if delta:
                len(delta["content"])
            return super().content(delta)


class NeedsLength(ReferenceChat):
    """reads the whole body before its first line"""

    breaks = "no_lag"

    def pieces(self, response):
        yield response.read()

    async def astreamed(self, pieces):
        whole = b"".join([piece async for piece in pieces])

        async def once():
            yield whole

        async for item in super().astreamed(once()):
            yield item


class PiecesOfCallsLost(ReferenceChat):
    """expects every tool call in one frame"""

    breaks = "tool_calls_survive"

    class Frames(Frames):
        def content(self, delta):
            calls = [call for call in delta.get("tool_calls") or () if "name" in call["function"]]
            return super().content({**delta, "tool_calls": calls})
