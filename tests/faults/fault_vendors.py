"""The measured results of the vendors' own SDKs in the same cases; each stream is iterated to its end.

openai 3.54, dashscope 2.0 (`Client`), google-genai 3.4, zai-sdk 0.2, ollama 0.6, litellm 1.106; retries off.
None if it was not measured.
"""

from __future__ import annotations

COMPLETE = "passed off as complete"
RAW = "raw `httpx` error"
RAW2 = "raw `httpx2` error"
LOST = "`MidStreamFallbackError`"
INVENTED = "an invented `stop`"
NEVER = "raw `httpx` error; by default never"
UNKNOWN = "`UnknownApiResponseError`"
JSON = "raw `JSONDecodeError`"
WHOLE = "whole"
AT_ONCE = "at once"
NOT_SOON = "not in 3 s"

COLUMNS = ("openai", "dashscope", "gemini", "zhipuai", "ollama", "litellm")

_DONE = {
    "HTTP 401": (
        *("`AuthenticationError`", "`AuthenticationError`", "`ClientError`", "`APIAuthenticationError`"),
        *("`ResponseError`", "`BadRequestError`, by the wording of the message"),
    ),
    "HTTP 429": (
        *("`RateLimitError`", "`RateLimitError`", "`ClientError`", "`APIReachLimitError`"),
        *("`ResponseError`", "`RateLimitError`"),
    ),
    "HTTP 500": (
        *("`InternalServerError`", "`InternalServerError`", "`ServerError`", "`APIInternalError`"),
        *("`ResponseError`", "`InternalServerError`"),
    ),
    "HTTP 502 with a web page": (
        *("`InternalServerError`", "`APIStatusError`", "`ServerError`", "`APIStatusError`"),
        *("`ResponseError`", "`BadGatewayError`"),
    ),
    "the connection is refused": (
        *("`APIConnectionError`", "`APIConnectionError`", RAW2, "`APIConnectionError`"),
        *(RAW, "`InternalServerError`"),
    ),
    "the connection is closed in the middle of the body": ("`APIConnectionError`", RAW, RAW2, RAW, RAW, LOST),
    "the connection is reset": ("`APIConnectionError`", RAW, RAW2, RAW, RAW, LOST),
    "a valid end of the body, no end marker": (*[COMPLETE] * 5, INVENTED),
    "the same, in a body that the close ends": (*[COMPLETE] * 5, INVENTED),
    "half a frame, then a valid end": (COMPLETE, COMPLETE, UNKNOWN, COMPLETE, JSON, INVENTED),
    "a frame that is not JSON": (JSON, "`DashScopeError`", UNKNOWN, JSON, JSON, LOST),
    "an error in the middle of the answer": (
        *("`APIError`", "typed", "`ServerError`", "`APIResponseError` without the provider's message"),
        *("`ResponseError`", LOST),
    ),
    "HTTP 200 without a frame": (*[COMPLETE] * 5, INVENTED),
    "HTTP 200 with a web page": (COMPLETE, "raw `SSEError`", UNKNOWN, COMPLETE, JSON, INVENTED),
    "the provider stops sending": ("`APITimeoutError`", RAW, RAW2, RAW, NEVER, LOST),
    "the provider sends nothing": (
        "`APITimeoutError`",
        "`APITimeoutError`",
        RAW2,
        "`APITimeoutError`",
        NEVER,
        "`Timeout`",
    ),
    "split inside characters and line ends": (WHOLE,) * 6,
    "CRLF": (WHOLE,) * 6,
    "CR alone": (WHOLE, WHOLE, None, WHOLE, None, WHOLE),
    "two `data:` lines in an event": (WHOLE, WHOLE, WHOLE, WHOLE, None, WHOLE),
    "no space after `data:`": (WHOLE, WHOLE, UNKNOWN, WHOLE, None, WHOLE),
    "comments between events": (WHOLE, WHOLE, UNKNOWN, WHOLE, None, WHOLE),
    "unescaped U+2028, U+2029 and U+0085": (WHOLE, WHOLE, WHOLE, JSON, JSON, WHOLE),
    "a delta of 1 MiB": (WHOLE,) * 6,
    "`close()`": (
        *(AT_ONCE, AT_ONCE, f"sync at once, async {NOT_SOON}", "not available"),
        *(AT_ONCE, "async at once, sync not available"),
    ),
    "the last reference is dropped": (
        *(NOT_SOON, AT_ONCE, f"sync at once, async {NOT_SOON}", NOT_SOON),
        *(AT_ONCE, NOT_SOON),
    ),
    "the task is cancelled": (AT_ONCE, AT_ONCE, AT_ONCE, "no async", AT_ONCE, AT_ONCE),
}


def done(row, column):
    """The result of the SDK alone in a row, or None."""
    found = _DONE.get(row)
    return found[COLUMNS.index(column)] if found and column in COLUMNS else None
