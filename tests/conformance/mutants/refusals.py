"""Wrappers that mistake what the provider refuses."""

import http.client

from reference import KINDS, Frames, ReferenceChat, passes

from modelstream import (
    AuthenticationError,
    BadRequestError,
    Finish,
    MalformedDataError,
    ProviderError,
)


class VendorError(Exception):
    """What an SDK would raise."""


class VendorErrors(ReferenceChat):
    """lets the SDK's errors through"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        return VendorError(f"{status}: {super().refusal(status, headers, body)}")


class KeyIsBadRequest(ReferenceChat):
    """calls a wrong key a bad request"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return BadRequestError(error.message, status=status) if status in (401, 403) else error


class ForbiddenIsProvider(ReferenceChat):
    """knows 401 but not 403"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return ProviderError(error.message, status=status) if status == 403 else error


class LimitIsProvider(ReferenceChat):
    """calls a rate limit a failure of the provider"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return ProviderError(error.message, status=status, retryable=True) if status == 429 else error


class LimitIsFinal(ReferenceChat):
    """calls a rate limit final"""

    breaks = "retried_before_the_first_delta"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.retryable = error.retryable and status != 429
        return error


class FailureIsFinal(ReferenceChat):
    """calls 5xx final"""

    breaks = "retried_before_the_first_delta"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.retryable = error.retryable and status < 500
        return error


class NothingFound(ReferenceChat):
    """calls 404 a failure of the provider"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return ProviderError(error.message, status=status) if status == 404 else error


class MessageLost(ReferenceChat):
    """says the status of an error, but not what the provider said"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        return KINDS.get(status, ProviderError)(f"HTTP {status}", status=status, retryable=passes(status))


class StatusLost(ReferenceChat):
    """loses the status of an error"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.status = None
        return error


class RetryAfterLost(ReferenceChat):
    """ignores Retry-After"""

    breaks = "retry_after_respected"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.retry_after = None
        return error


class RetryAfterInMilliseconds(ReferenceChat):
    """takes Retry-After for milliseconds"""

    breaks = "retry_after_reported"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.retry_after = error.retry_after and error.retry_after / 1000
        return error


class RefusedLate(ReferenceChat):
    """has the call succeed before the provider has answered it"""

    breaks = "refused_at_the_call"

    def deltas(self, request):
        yield None
        yield from super().deltas(request)

    async def adeltas(self, request):
        yield None
        async for said in super().adeltas(request):
            yield said


class UnreachableIsKey(ReferenceChat):
    """calls a provider that can't be reached a wrong key"""

    breaks = "unreachable"

    def send(self, connection, request):
        try:
            return super().send(connection, request)
        except OSError as error:
            raise AuthenticationError(str(error)) from error


class ErrorBodyIsEmpty(ReferenceChat):
    """looks for errors in the status only"""

    breaks = "error_body"

    class Frames(Frames):
        def read(self, data):
            return super().read(data) if data == b"[DONE]" or "choices" in self.decoded(data) else []

    def whole(self, body):
        return super().whole(body) or [Finish("stop")]


class MessageGarbled(ReferenceChat):
    """reads what the provider says as Latin-1"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        return super().refusal(status, headers, body.decode("latin-1").encode())


class NoHeadersIsMalformed(ReferenceChat):
    """calls a connection that is closed before the headers malformed"""

    breaks = "no_headers"

    def send(self, connection, request):
        try:
            return super().send(connection, request)
        except http.client.HTTPException as error:
            raise MalformedDataError(str(error)) from error


class KeyTriedAgain(ReferenceChat):
    """asks once more when the key is wrong"""

    breaks = "no_retry_of_refusals"

    def deltas(self, request):
        try:
            yield from super().deltas(request)
        except AuthenticationError:
            yield from super().deltas(request)

    async def adeltas(self, request):
        try:
            async for said in super().adeltas(request):
                yield said
        except AuthenticationError:
            async for said in super().adeltas(request):
                yield said
