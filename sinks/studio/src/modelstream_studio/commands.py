"""The commands that `modelstream` gets with this package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelstream_studio.places import HOST, PORT, state_folder


@click.command()
@click.option("--host", default=HOST, show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port; 0 picks a free one.",
)
@click.option(
    "--db",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The database. Default: in your state folder.",
)
@click.option("--open", "open_browser", is_flag=True, help="Open it in the browser.")
@click.option("--expose", is_flag=True, help="Let other machines reach it, unencrypted, if --host says so.")
@click.option(
    "--agentscope", is_flag=True, help="Also accept what AgentScope programs send to their studio_url."
)
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def studio(*, db: Path | None, debug: bool, **others: Any) -> int:  # noqa: ARG001
    """Show every stream of all your programs, live in the browser."""
    from modelstream_studio.server.serving import Options, serve

    serve(Options(db=db or state_folder() / "studio.db", **others))
    return 0


@click.command()
@click.option("--open", "open_browser", is_flag=True, help="Open Studio in the browser, if it is started.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def demo(*, open_browser: bool, debug: bool) -> int:  # noqa: ARG001
    """Let several local agents talk at once, in a running Studio or a new one."""
    from modelstream_studio.demo import demo as run

    return run(open_browser=open_browser)
