# ruff: noqa: BLE001 (they are wrong on purpose)
"""Wrappers whose failures say something else than what has happened."""

import http.client

from reference import KINDS, Frames, ReferenceChat, passes

from modelstream import (
    AuthenticationError,
    BadRequestError,
    ConnectionLostError,
    Finish,
    ProviderError,
    StreamError,
    TruncatedStreamError,
)


class VendorError(Exception):
    """What an SDK would raise."""


class VendorErrors(ReferenceChat):
    """lets the SDK's errors through"""

    def refusal(self, status, headers, body):
        return VendorError(f"{status}: {super().refusal(status, headers, body)}")


class VendorErrorsInside(ReferenceChat):
    """lets the SDK's errors in mid-stream through"""

    class Frames(Frames):
        def sent_error(self, error):
            return VendorError(error["message"])


class KeyIsBadRequest(ReferenceChat):
    """calls a wrong key a bad request"""

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return BadRequestError(error.message, status=status) if status in (401, 403) else error


class ForbiddenIsProvider(ReferenceChat):
    """knows 401 but not 403"""

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return ProviderError(error.message, status=status) if status == 403 else error


class LimitIsProvider(ReferenceChat):
    """calls a rate limit a failure of the provider"""

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return ProviderError(error.message, status=status, retryable=True) if status == 429 else error


class LimitIsFinal(ReferenceChat):
    """calls a rate limit final"""

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.retryable = error.retryable and status != 429
        return error


class FailureIsFinal(ReferenceChat):
    """calls 5xx final"""

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.retryable = error.retryable and status < 500
        return error


class NothingFound(ReferenceChat):
    """calls 404 a failure of the provider"""

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return ProviderError(error.message, status=status) if status == 404 else error


class MessageLost(ReferenceChat):
    """says the status of an error, but not what the provider said"""

    def refusal(self, status, headers, body):
        return KINDS.get(status, ProviderError)(f"HTTP {status}", status=status, retryable=passes(status))


class StatusLost(ReferenceChat):
    """loses the status of an error"""

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.status = None
        return error


class RetryAfterLost(ReferenceChat):
    """ignores Retry-After"""

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.retry_after = None
        return error


class RetryAfterInMilliseconds(ReferenceChat):
    """takes Retry-After for milliseconds"""

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.retry_after = error.retry_after and error.retry_after / 1000
        return error


class RefusedLate(ReferenceChat):
    """has the call succeed before the provider has answered it"""

    def deltas(self, request):
        yield None
        yield from super().deltas(request)

    async def adeltas(self, request):
        yield None
        async for said in super().adeltas(request):
            yield said


class LostIsTruncated(ReferenceChat):
    """takes a connection that breaks for a body that ends"""

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

    def read(self, frames, data):
        try:
            return frames.read(data)
        except StreamError as error:
            raise ConnectionLostError(str(error)) from error


class UnreachableIsKey(ReferenceChat):
    """calls a provider that can't be reached a wrong key"""

    def send(self, connection, request):
        try:
            return super().send(connection, request)
        except OSError as error:
            raise AuthenticationError(str(error)) from error


class TextLostOnError(ReferenceChat):
    """forgets the text of the frames that came along with a bad one"""

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

    def streamed(self, pieces):
        try:
            yield from super().streamed(pieces)
        except Exception:
            yield "[the answer broke off]"
            raise


class BrokenAfterTheEnd(ReferenceChat):
    """calls an answer lost because the connection breaks behind its end"""

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


class ErrorBodyIsEmpty(ReferenceChat):
    """looks for errors in the status only"""

    class Frames(Frames):
        def read(self, data):
            return super().read(data) if data == b"[DONE]" or "choices" in self.decoded(data) else []

    def whole(self, body):
        return super().whole(body) or [Finish("stop")]


class MessageGarbled(ReferenceChat):
    """reads what the provider says as Latin-1"""

    def refusal(self, status, headers, body):
        return super().refusal(status, headers, body.decode("latin-1").encode())


class SentTwice(ReferenceChat):
    """sends the request once more when the connection is closed before the headers"""

    def send(self, connection, request):
        try:
            return super().send(connection, request)
        except http.client.RemoteDisconnected:
            connection.close()
            return super().send(connection, request)
