"""Access control: every request of a browser or a program passes through here first.

A web page from another origin must neither read nor publish anything, not even by DNS rebinding; so host and
origin are checked, there are no cookies, and each route requires its token.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Collection
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from modelstream_studio.places import Tokens

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_FOR_PAGES = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
# Programs send often; the headers for pages would be most of each response.
_FOR_PROGRAMS = [
    (name, value) for name, value in _FOR_PAGES if name in {b"cache-control", b"x-content-type-options"}
]
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PUBLISH = frozenset({"/v1/publish", "/v1/commands"})
_ANSWER = frozenset({"/v1/answer", "/v1/cancel"})


class Guard:
    """Passes on permitted requests.

    `hosts` are names of Studio besides the loopback ones; with `any_address`, any IP address is permitted
    too (DNS can make a foreign name point to Studio, but not an address). Paths that begin with one of
    `without_token` require no token.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        *,
        hosts: Collection[str] = (),
        any_address: bool = False,
        without_token: tuple[str, ...] = (),
    ) -> None:
        self._app = app
        self._tokens = {
            "watch": tokens.watch.encode(),
            "answer": tokens.answer.encode(),
            "publish": tokens.publish.encode(),
        }
        self._hosts = frozenset(host.lower() for host in hosts) | _LOOPBACK
        self._any_address = any_address
        self._without_token = without_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reject or pass on the request, and add the common headers to the response."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        headers = _FOR_PROGRAMS if scope["path"] in _PUBLISH else _FOR_PAGES

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send_guarded)
        elif scope["type"] == "http":
            await JSONResponse({"error": refusal[1]}, refusal[0])(scope, receive, send_guarded)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """The status and message with which the request is rejected, or None."""
        headers = Headers(scope=scope)
        if not self._is_ours(headers.get("host", "")):
            return 421, "This is not a host name of this Studio."
        if _is_cross_origin(headers) and not _is_visit(scope, headers):
            return 403, "Pages of other origins have no access to this Studio."
        role = self._role(scope["path"])
        if role is not None and not self._has_token(headers, role):
            return 401, f"The token to {role} is missing or wrong."
        return None

    def _is_ours(self, host: str) -> bool:
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        name = name.strip("[]").lower()
        if name in self._hosts:
            return True
        return self._any_address and _is_address(name)

    def _role(self, path: str) -> str | None:
        if path == "/" or path.startswith(("/static/", *self._without_token)):
            return None
        if path in _PUBLISH:
            return "publish"
        return "answer" if path in _ANSWER else "watch"

    def _has_token(self, headers: Headers, role: str) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        sent = token.strip().encode("utf-8", "surrogatepass")
        return hmac.compare_digest(sent, self._tokens[role]) and scheme.lower() == "bearer"


def _is_cross_origin(headers: Headers) -> bool:
    own = f"http://{headers.get('host')}"
    site = headers.get("sec-fetch-site", "none")
    return headers.get("origin", own) != own or site not in {"same-origin", "none"}


def _is_visit(scope: Scope, headers: Headers) -> bool:
    """Whether a link to the page is followed, for example from a terminal. The page contains no secret."""
    return (
        scope["path"] == "/"
        and scope.get("method") == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
