"""Wrappers that report refusals of the provider wrongly."""

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
    """An error that an SDK would raise."""


class VendorErrors(ReferenceChat):
    """raises the SDK's errors unchanged"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        return VendorError(f"{status}: {super().refusal(status, headers, body)}")


class KeyIsBadRequest(ReferenceChat):
    """reports a wrong key as a bad request"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return BadRequestError(error.message, status=status) if status in (401, 403) else error


class ForbiddenIsProvider(ReferenceChat):
    """maps 401 but not 403"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return ProviderError(error.message, status=status) if status == 403 else error


class LimitIsProvider(ReferenceChat):
    """reports a rate limit as a failure of the provider"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return ProviderError(error.message, status=status, retryable=True) if status == 429 else error


class LimitIsFinal(ReferenceChat):
    """does not mark a rate limit as retryable"""

    breaks = "retried_before_the_first_delta"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.retryable = error.retryable and status != 429
        return error


class FailureIsFinal(ReferenceChat):
    """does not mark 5xx as retryable"""

    breaks = "retried_before_the_first_delta"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.retryable = error.retryable and status < 500
        return error


class NothingFound(ReferenceChat):
    """reports 404 as a failure of the provider"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        return ProviderError(error.message, status=status) if status == 404 else error


class MessageLost(ReferenceChat):
    """reports the status of an error, but not the provider's message"""

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
    """reads Retry-After as milliseconds"""

    breaks = "retry_after_reported"

    def refusal(self, status, headers, body):
        error = super().refusal(status, headers, body)
        error.retry_after = error.retry_after and error.retry_after / 1000
        return error


class RefusedLate(ReferenceChat):
    """returns a response before the provider has answered"""

    breaks = "refused_at_the_call"

    def deltas(self, request):
        yield None
        yield from super().deltas(request)

    async def adeltas(self, request):
        yield None
        async for item in super().adeltas(request):
            yield item


class UnreachableIsKey(ReferenceChat):
    """reports a provider that can't be reached as a wrong key"""

    breaks = "unreachable"

    def send(self, connection, request):
        try:
            return super().send(connection, request)
        except OSError as error:
            raise AuthenticationError(str(error)) from error


class ErrorBodyIsEmpty(ReferenceChat):
    """checks only the status for errors"""

    breaks = "error_body"

    class Frames(Frames):
        def read(self, data):
            return super().read(data) if data == b"[DONE]" or "choices" in self.decoded(data) else []

    def whole(self, body):
        return super().whole(body) or [Finish("stop")]


class MessageGarbled(ReferenceChat):
    """decodes the provider's message as Latin-1"""

    breaks = "refusals_typed"

    def refusal(self, status, headers, body):
        return super().refusal(status, headers, body.decode("latin-1").encode())


class NoHeadersIsMalformed(ReferenceChat):
    """reports a connection that is closed before the headers as malformed data"""

    breaks = "no_headers"

    def send(self, connection, request):
        try:
            return super().send(connection, request)
        except http.client.HTTPException as error:
            raise MalformedDataError(str(error)) from error


class KeyTriedAgain(ReferenceChat):
    """retries when the key is wrong"""

    breaks = "no_retry_of_refusals"

    def deltas(self, request):
        try:
            yield from super().deltas(request)
        except AuthenticationError:
            yield from super().deltas(request)

    async def adeltas(self, request):
        try:
            async for item in super().adeltas(request):
                yield item
        except AuthenticationError:
            async for item in super().adeltas(request):
                yield item
