# ruff: noqa: BLE001 (they are wrong on purpose)
"""Wrappers that report answers that break off wrongly, or retry them."""

import http.client

from reference import Frames, ReferenceChat

from modelstream import (
    ConnectionLostError,
    Finish,
    ProviderError,
    StreamError,
    TruncatedStreamError,
)


class VendorErrorsInside(ReferenceChat):
    """raises the SDK's errors in mid-stream unchanged"""

    breaks = "error_frame"

    class Frames(Frames):
        def sent_error(self, error):
            return RuntimeError(error["message"])


class LostIsTruncated(ReferenceChat):
    """treats a lost connection as the end of the body"""

    breaks = "lost_connection"

    def pieces(self, response):
        try:
            yield from super().pieces(response)
        except Exception:
            return

    async def apieces(self, reader, headers):
        try:
            async for piece in super().apieces(reader, headers):
                yield piece
        except (OSError, StreamError):
            return


class LostIsTheEnd(ReferenceChat):
    """treats a lost connection as the end of the answer"""

    breaks = "reset_connection"

    def streamed(self, pieces):
        try:
            yield from super().streamed(pieces)
        except Exception:
            yield Finish("stop")

    async def astreamed(self, pieces):
        try:
            async for item in super().astreamed(pieces):
                yield item
        except Exception:
            yield Finish("stop")


class AllIsLost(ReferenceChat):
    """reports every failure in mid-stream as a lost connection"""

    breaks = "malformed_frame"

    def read(self, frames, data):
        try:
            return frames.read(data)
        except StreamError as error:
            raise ConnectionLostError(str(error)) from error


class TextLostOnError(ReferenceChat):
    """loses the text of frames that arrive together with an invalid one"""

    breaks = "malformed_frame"

    def streamed(self, pieces):
        lines, frames = self.Lines(), self.Frames()
        for piece in pieces:
            deltas = []
            for data in lines.feed(piece):
                deltas += frames.read(data)
            yield deltas
            if frames.done:
                return


class TextAddedOnError(ReferenceChat):
    """adds a note about the failure to the text"""

    breaks = "partial_text_exact"

    def streamed(self, pieces):
        try:
            yield from super().streamed(pieces)
        except Exception:
            yield "[the answer broke off]"
            raise


class BrokenAfterTheEnd(ReferenceChat):
    """reports an answer as lost if the connection breaks after its end"""

    breaks = "fault_after_the_end"

    def streamed(self, pieces):
        deltas = []
        try:
            for one in super().streamed(pieces):
                if isinstance(one, Finish):
                    deltas.append(one)
                else:
                    yield one
        except Exception as error:
            raise TruncatedStreamError(str(error)) from error
        yield from deltas


class RetriesItself(ReferenceChat):
    """retries by itself when the provider fails"""

    breaks = "no_hidden_retries"

    def deltas(self, request):
        try:
            yield from super().deltas(request)
        except ProviderError:
            yield from super().deltas(request)

    async def adeltas(self, request):
        try:
            async for item in super().adeltas(request):
                yield item
        except ProviderError:
            async for item in super().adeltas(request):
                yield item


class RetriedAfterText(ReferenceChat):
    """retries when the connection breaks in the middle"""

    breaks = "no_retry_after_the_first_delta"

    def deltas(self, request):
        try:
            yield from super().deltas(request)
        except Exception as error:
            if isinstance(error, StreamError):
                raise
            yield from super().deltas(request)

    async def adeltas(self, request):
        try:
            async for item in super().adeltas(request):
                yield item
        except ConnectionLostError:
            async for item in super().adeltas(request):
                yield item


class SentTwice(ReferenceChat):
    """sends the request again when the connection is closed before the headers"""

    breaks = "no_hidden_retries"

    def send(self, connection, request):
        try:
            return super().send(connection, request)
        except http.client.RemoteDisconnected:
            connection.close()
            return super().send(connection, request)


class TimeoutsMissing(ReferenceChat):
    """has no timeout except the total one"""

    breaks = "silence"

    def __init__(self, *args, **fields):
        super().__init__(*args, **{**fields, "first_delta_timeout": None, "idle_timeout": None})


class TotalMissing(ReferenceChat):
    """has no timeout for the whole answer"""

    breaks = "total_time"

    def __init__(self, *args, **fields):
        super().__init__(*args, **{**fields, "total_timeout": None})
