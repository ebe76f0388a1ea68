"""The requests of browsers for runs and messages, and exports of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from modelstream_studio.server import limits, showing
from modelstream_studio.server.export import as_json, as_markdown
from modelstream_studio.server.publish import error

if TYPE_CHECKING:
    from starlette.requests import Request

    from modelstream_studio.server.hub import Hub


async def runs(request: Request) -> Response:
    """`GET /v1/runs?search=&before=&limit=`."""
    query = request.query_params
    limit = query.get("limit", str(limits.RUNS))
    if not limit.isdecimal() or not 1 <= int(limit) <= 500:
        return error(400, f"limit is {limit[:20]!r}, not a number from 1 to 500.")
    found = showing.runs(_hub(request), query.get("search", "")[:200], query.get("before"), int(limit))
    return _json(found)


async def run(request: Request) -> Response:
    """`GET /v1/runs/{id}`: a snapshot."""
    found = showing.snapshot(_hub(request), request.path_params["id"])
    return _json(found) if found is not None else _unknown(request)


async def messages(request: Request) -> Response:
    """`GET /v1/runs/{id}/messages?before=`: older messages."""
    before = request.query_params.get("before", "")
    return _json(showing.earlier_messages(_hub(request), request.path_params["id"], before))


async def export(request: Request) -> Response:
    """`GET /v1/runs/{id}/export.json` and `export.md`."""
    found = showing.snapshot(_hub(request), request.path_params["id"])
    if found is None or found.run is None:
        return _unknown(request)
    kind = request.path_params["kind"]
    if kind not in {"json", "md"}:
        return error(404, "A run is exported as export.json or export.md.")
    hub = _hub(request)
    if kind == "json":
        return Response(as_json(hub, found.run, found.questions), media_type="application/json")
    return Response(as_markdown(hub, found.run, found.questions), media_type="text/markdown")


def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _unknown(request: Request) -> Response:
    return error(404, f"There is no run {request.path_params['id'][:80]!r}.")
