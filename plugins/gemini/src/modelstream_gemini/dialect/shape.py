"""The frames of Gemini's answers as structs.

Whatever may have several types, or the wrong one on some servers, is `Any`: an unusable field must
not make the answer fail.
"""

from __future__ import annotations

from typing import Any

import msgspec


class FunctionCall(msgspec.Struct, gc=False):
    """A complete call, or a piece of one whose arguments arrive value by value."""

    name: str = ""
    args: Any = None
    id: str | None = None
    partialArgs: Any = None  # noqa: N815 - the API's spelling, here and below
    willContinue: Any = None  # noqa: N815


class Part(msgspec.Struct, gc=False):
    """A piece of the answer. Of anything but text and calls it is only noted that it is content."""

    text: Any = None
    thought: Any = None
    functionCall: FunctionCall | None = None  # noqa: N815
    thoughtSignature: Any = None  # noqa: N815
    inlineData: Any = None  # noqa: N815
    fileData: Any = None  # noqa: N815
    executableCode: Any = None  # noqa: N815
    codeExecutionResult: Any = None  # noqa: N815
    toolCall: Any = None  # noqa: N815
    toolResponse: Any = None  # noqa: N815

    def has_media(self) -> bool:
        """Whether it has content that no delta stands for."""
        media = self.inlineData or self.fileData or self.toolCall or self.toolResponse
        return bool(media or self.executableCode or self.codeExecutionResult)


class Content(msgspec.Struct, gc=False):
    """The pieces of one frame."""

    parts: list[Part] | None = None


class Candidate(msgspec.Struct, gc=False):
    """One of the answers; usually there is one."""

    content: Content | None = None
    finishReason: Any = None  # noqa: N815
    finishMessage: Any = None  # noqa: N815
    index: int | None = None


class Counts(msgspec.Struct, gc=False):
    """The token counts so far."""

    promptTokenCount: Any = None  # noqa: N815
    toolUsePromptTokenCount: Any = None  # noqa: N815
    cachedContentTokenCount: Any = None  # noqa: N815
    candidatesTokenCount: Any = None  # noqa: N815
    thoughtsTokenCount: Any = None  # noqa: N815


class Feedback(msgspec.Struct, gc=False):
    """The filter's verdict on the prompt."""

    blockReason: Any = None  # noqa: N815


class Frame(msgspec.Struct, gc=False):
    """One frame, or the whole body of an answer that is not streamed."""

    candidates: list[Candidate] | None = None
    usageMetadata: Counts | None = None  # noqa: N815
    promptFeedback: Feedback | None = None  # noqa: N815
    error: Any = None
