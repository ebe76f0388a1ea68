# ruff: noqa: BLE001 (they are wrong on purpose)
"""Wrappers whose answers break off otherwise than they should, or begin anew."""

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
    """lets the SDK's errors in mid-stream through"""

    breaks = "error_frame"

    class Frames(Frames):
        def sent_error(self, error):
            return RuntimeError(error["message"])


class LostIsTruncated(ReferenceChat):
    """takes a connection that breaks for a body that ends"""

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
    """takes a connection that breaks for the end of the answer"""

    breaks = "reset_connection"

    def streamed(self, pieces):
        try:
            yield from super().streamed(pieces)
        except Exception:
            yield Finish("stop")

    async def astreamed(self, pieces):
        try:
            async for said in super().astreamed(pieces):
                yield said
        except Exception:
            yield Finish("stop")


class AllIsLost(ReferenceChat):
    """calls every failure in mid-stream a lost connection"""

    breaks = "malformed_frame"

    def read(self, frames, data):
        try:
            return frames.read(data)
        except StreamError as error:
            raise ConnectionLostError(str(error)) from error


class TextLostOnError(ReferenceChat):
    """forgets the text of the frames that came along with a bad one"""

    breaks = "malformed_frame"

    def streamed(self, pieces):
        lines, frames = self.Lines(), self.Frames()
        for piece in pieces:
            said = []
            for data in lines.feed(piece):
                said += frames.read(data)
            yield said
            if frames.done:
                return


class TextAddedOnError(ReferenceChat):
    """writes into the text that the answer has broken off"""

    breaks = "partial_text_exact"

    def streamed(self, pieces):
        try:
            yield from super().streamed(pieces)
        except Exception:
            yield "[the answer broke off]"
            raise


class BrokenAfterTheEnd(ReferenceChat):
    """calls an answer lost because the connection breaks behind its end"""

    breaks = "fault_after_the_end"

    def streamed(self, pieces):
        said = []
        try:
            for one in super().streamed(pieces):
                if isinstance(one, Finish):
                    said.append(one)
                else:
                    yield one
        except Exception as error:
            raise TruncatedStreamError(str(error)) from error
        yield from said


class RetriesItself(ReferenceChat):
    """tries again by itself when the provider fails"""

    breaks = "no_hidden_retries"

    def deltas(self, request):
        try:
            yield from super().deltas(request)
        except ProviderError:
            yield from super().deltas(request)

    async def adeltas(self, request):
        try:
            async for said in super().adeltas(request):
                yield said
        except ProviderError:
            async for said in super().adeltas(request):
                yield said


class AskedAgainAfterText(ReferenceChat):
    """begins anew when the connection breaks in the middle"""

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
            async for said in super().adeltas(request):
                yield said
        except ConnectionLostError:
            async for said in super().adeltas(request):
                yield said


class SentTwice(ReferenceChat):
    """sends the request once more when the connection is closed before the headers"""

    breaks = "no_hidden_retries"

    def send(self, connection, request):
        try:
            return super().send(connection, request)
        except http.client.RemoteDisconnected:
            connection.close()
            return super().send(connection, request)


class ClockMissing(ReferenceChat):
    """has no clock but the one for the whole answer"""

    breaks = "silence"

    def __init__(self, *args, **fields):
        super().__init__(*args, **{**fields, "first_delta_timeout": None, "idle_timeout": None})


class TotalMissing(ReferenceChat):
    """lets an answer take as long as it likes, if only there is news"""

    breaks = "total_time"

    def __init__(self, *args, **fields):
        super().__init__(*args, **{**fields, "total_timeout": None})
