"""Wrappers that return their own class of response."""

from reference import ReferenceChat

from modelstream import AsyncModelResponse, ModelResponse, Snapshot, StreamError
from modelstream.call.readers import Reading, snapshots
from modelstream.call.start import astart, start
from modelstream.deltas import TextDelta


class _Own(ReferenceChat):
    Response = ModelResponse
    AsyncResponse = AsyncModelResponse

    def __call__(self, messages, *, stream=None, raw=False, **arguments):
        return self.Response.of_call(start(self, self._request(messages, stream, raw, arguments)))

    async def acall(self, messages, *, stream=None, raw=False, **arguments):
        return await self.AsyncResponse.of_call(astart(self, self._request(messages, stream, raw, arguments)))


class OffsetsWrong(_Own):
    """counts offsets in bytes"""

    breaks = "monotone"

    class Response(ModelResponse):
        @property
        def stream(self):
            return super().stream and self._in_bytes()

        def _in_bytes(self):
            for one in super().stream:
                begun = one.text[: one.offset].encode("utf-8", "replace")
                yield Snapshot(one.delta, one.last, len(begun), one.source)


class LastWithText(_Own):
    """gives `last=True` with the last delta instead of after it, and never for an empty answer"""

    breaks = "empty_answer"

    class Response(ModelResponse):
        @property
        def stream(self):
            return super().stream and self._shortened()

        def _shortened(self):
            before = None
            for one in super().stream:
                if before is not None:
                    yield Snapshot(before.delta, one.last, before.offset, before.source)
                before = None if one.last else one


class LastTwice(_Own):
    """gives `last=True` twice"""

    breaks = "one_last"

    class Response(ModelResponse):
        @property
        def stream(self):
            return super().stream and self._doubled()

        def _doubled(self):
            for one in super().stream:
                yield one
                if one.last:
                    yield one


class LastMissing(_Own):
    """never gives `last=True` in coroutines"""

    breaks = "one_last"

    class AsyncResponse(AsyncModelResponse):
        @property
        def stream(self):
            return super().stream and self._endless()

        async def _endless(self):
            async for one in super().stream:
                if not one.last:
                    yield one


class RepeatedWithoutText(_Own):
    """gives a snapshot for every delta, also for those without text"""

    breaks = "monotone"

    class Response(ModelResponse):
        @property
        def stream(self):
            return super().stream and self._chatty()

        def _chatty(self):
            for one in super().stream:
                yield one
                if not one.last:
                    yield Snapshot("", False, one.offset + len(one.delta), one.source)


class ReadOnce(_Own):
    """has one stream that all readers share"""

    breaks = "replay_equals_live"

    class Response(ModelResponse):
        shared = None

        @property
        def stream(self):
            self.shared = self.shared or super().stream
            return self.shared


class StreamWithoutStreaming(_Own):
    """has a stream although `stream=False`"""

    breaks = "stream_equals_whole"

    class Response(ModelResponse):
        @property
        def stream(self):
            return snapshots(self._call, Reading(self, self._transcript))


class FailureHidden(_Own):
    """ends the stream without an error when the answer breaks off"""

    breaks = "no_end_no_last"

    class Response(ModelResponse):
        @property
        def stream(self):
            return super().stream and self._quiet()

        def _quiet(self):
            try:
                yield from super().stream
            except StreamError:
                return


class PartIsText(_Own):
    """returns the partial text as the text of an answer that broke off"""

    breaks = "failure_replayed"

    class Response(ModelResponse):
        @property
        def text(self):
            try:
                return super().text
            except StreamError:
                return self.partial_text


class CloseForgotten(_Own):
    """does nothing on `close`"""

    breaks = "close_reaches_the_provider"

    class Response(ModelResponse):
        def close(self):
            pass


class LeavingForgotten(_Own):
    """does nothing at the end of a `with` block"""

    breaks = "leaving_reaches_the_provider"

    class Response(ModelResponse):
        def __exit__(self, *exc):
            pass


class DropForgotten(_Own):
    """continues after the last reference to the response is dropped"""

    breaks = "dropping_reaches_the_provider"
    left = []  # noqa: RUF012

    class Response(ModelResponse):
        def __del__(self):
            DropForgotten.left.append(self._call)


class BreakEndsAll(_Own):
    """ends the call when one reader stops"""

    breaks = "break_ends_only_that_reader"

    class Response(ModelResponse):
        @property
        def stream(self):
            return super().stream and self._mine_alone()

        def _mine_alone(self):
            try:
                yield from super().stream
            finally:
                self.close()


class DeltasWithoutText(_Own):
    """omits the text from the deltas"""

    breaks = "whole_text"

    class Response(ModelResponse):
        @property
        def deltas(self):
            return (one for one in super().deltas if not isinstance(one, TextDelta))


class AsksAgain(_Own):
    """calls the model again for every reader"""

    breaks = "one_call"

    class Response(ModelResponse):
        read_before = False

        @classmethod
        def of_call(cls, call):
            response = super().of_call(call)
            response.again = (call._wrapper, call.request)
            return response

        @property
        def stream(self):
            if not self.read_before:
                self.read_before = True
                return super().stream
            wrapper, request = self.again
            return ModelResponse.of_call(start(wrapper, request.renewed())).stream


class ClosedOnlyIfRead(_Own):
    """does nothing on `close` before the first read"""

    breaks = "close_before_reading"

    class Response(ModelResponse):
        begun = False

        @property
        def stream(self):
            self.begun = True
            return super().stream

        def close(self):
            if self.begun:
                super().close()
