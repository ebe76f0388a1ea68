"""The base class of dialects: one provider's wire format, read and written."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.wire.samples import Sample, load_samples
from modelstream.wire.streams import refusal_from
from modelstream.wire.writing import Wire

if TYPE_CHECKING:
    from modelstream.errors import StreamError
    from modelstream.wire.wrapper import FrameReader


class ChatRequest(msgspec.Struct, frozen=True):
    """A call in a form that every dialect can write and read.

    `messages` are dicts with a role and content, as `Request.messages`. `arguments` are the call's other
    arguments, under OpenAI's names where OpenAI has one (`max_tokens`, `temperature`, `tools`, …).
    """

    model: str
    messages: list[dict[str, Any]]
    arguments: dict[str, Any] = {}
    stream: bool = True


class WrittenRequest(msgspec.Struct, frozen=True):
    """A call in a provider's format: `path` is below the `base_url`, `body` goes out as JSON."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str] = {}


class Dialect(Wire):
    """One provider's wire format: reads its frames as deltas, and writes deltas as its frames.

        class MyDialect(Dialect):
            name = "my_chat"
            framing = SSE
            routes = ("POST /v1/chat",)

            def reader(self):
                return MyFrames()              # frames to deltas: see `FrameReader`

            def text(self, text): ...          # deltas to frames: see `Wire`
            def end(self, finish, usage): ...
            def whole(self, answer): ...
            def refusal(self, status, code, message): ...

            def write_request(self, request): ...
            def read_request(self, path, body, headers=()): ...

    The wrapper uses `reader`, `read_refusal` and `write_request`; servers and tests use the rest. An instance
    keeps no state and may be shared by threads; `reader()` and `writer()` create the state of one answer.
    Offer the class as an entry point of the group `modelstream.dialects`, under its `name`.

    * `routes` are the method and path of the requests, such as `POST /v1/models/{model}:stream`.
    """

    name: ClassVar[str]
    routes: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def reader(self) -> FrameReader:
        """A new reader for the frames of one answer."""

    def read_refusal(self, status: int, body: bytes, headers: Mapping[str, str]) -> StreamError:
        """The error for an answer with a status other than 200, or with HTML."""
        return refusal_from(status, body, headers)

    def write_request(self, request: ChatRequest) -> WrittenRequest:
        """The call in this provider's format."""
        raise NotImplementedError(f"the dialect {self.name!r} does not write requests")

    def read_request(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] = {}
    ) -> ChatRequest:
        """The call that a client of this provider's API sent to `path`, for a server.

        Raises `BadRequestError` for a body that is not valid in this format.
        """
        raise NotImplementedError(f"the dialect {self.name!r} does not read requests")

    def samples(self) -> list[Sample]:
        """Sample bodies that ship with the dialect, by default those in `samples/` next to its module."""
        package = getattr(sys.modules.get(type(self).__module__), "__package__", None)
        return load_samples(package) if package else []

    def does(self, method: str) -> bool:
        """Whether the dialect implements `method`: `write_request` or `read_request`."""
        return getattr(type(self), method) is not getattr(Dialect, method)
