"""What the vendors' own SDKs do in the same cases, as measured; a stream of theirs iterated to its end.

openai 3.54, dashscope 2.0 (`Client`), google-genai 3.4, zai-sdk 0.2, ollama 0.6, litellm 1.106; retries off.
None where it was not measured.
"""

from __future__ import annotations

COMPLETE = "passed off as complete"
RAW = "raw `httpx` error"
RAW2 = "raw `httpx2` error"
LOST = "`MidStreamFallbackError`"
INVENTED = "a made-up `stop`"
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
    "HTTP 502, a web page": (
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
    "the same, in a body that ends with the connection": (*[COMPLETE] * 5, INVENTED),
    "half a frame, then a valid end": (COMPLETE, COMPLETE, UNKNOWN, COMPLETE, JSON, INVENTED),
    "a frame that is no JSON": (JSON, "`DashScopeError`", UNKNOWN, JSON, JSON, LOST),
    "an error in the middle of the answer": (
        *("`APIError`", "typed", "`ServerError`", "`APIResponseError` without the provider's message"),
        *("`ResponseError`", LOST),
    ),
    "HTTP 200 without a frame": (*[COMPLETE] * 5, INVENTED),
    "HTTP 200, a web page": (COMPLETE, "raw `SSEError`", UNKNOWN, COMPLETE, JSON, INVENTED),
    "nothing more comes": ("`APITimeoutError`", RAW, RAW2, RAW, NEVER, LOST),
    "nothing comes at all": (
        "`APITimeoutError`",
        "`APITimeoutError`",
        RAW2,
        "`APITimeoutError`",
        NEVER,
        "`Timeout`",
    ),
    "cut inside characters and line ends": (WHOLE,) * 6,
    "CRLF": (WHOLE,) * 6,
    "CR alone": (WHOLE, WHOLE, None, WHOLE, None, WHOLE),
    "two `data:` lines in an event": (WHOLE, WHOLE, WHOLE, WHOLE, None, WHOLE),
    "no space behind `data:`": (WHOLE, WHOLE, UNKNOWN, WHOLE, None, WHOLE),
    "comments between": (WHOLE, WHOLE, UNKNOWN, WHOLE, None, WHOLE),
    "U+2028, U+2029 and U+0085 as they are": (WHOLE, WHOLE, WHOLE, JSON, JSON, WHOLE),
    "a delta of 1 MiB": (WHOLE,) * 6,
    "`close()`": (
        *(AT_ONCE, AT_ONCE, f"sync at once, async {NOT_SOON}", "there is none"),
        *(AT_ONCE, "async at once, sync there is none"),
    ),
    "the last reference is dropped": (
        *(NOT_SOON, AT_ONCE, f"sync at once, async {NOT_SOON}", NOT_SOON),
        *(AT_ONCE, NOT_SOON),
    ),
    "the task is cancelled": (AT_ONCE, AT_ONCE, AT_ONCE, "there is no async", AT_ONCE, AT_ONCE),
}


def done(row, column):
    """What the SDK under a wrapper does in a row by itself, or None."""
    found = _DONE.get(row)
    return found[COLUMNS.index(column)] if found and column in COLUMNS else None
