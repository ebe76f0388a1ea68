"""Run a Studio, from its address and tokens to Ctrl-C."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from modelstream.errors import ConfigError
from modelstream_studio.places import Tokens, default_url, known_place
from modelstream_studio.server.app import Studio
from modelstream_studio.server.running import Server
from modelstream_studio.server.store import DatabaseError, Store
from modelstream_studio.server.tokens import announce, kept_tokens


class Options(msgspec.Struct, frozen=True):
    """The options of the command line."""

    host: str
    port: int
    db: Path
    open_browser: bool = False
    expose: bool = False
    agentscope: bool = False


def serve(options: Options) -> None:
    """Run a Studio until Ctrl-C. Raises `ConfigError` if it can't be set up."""
    local = _is_loopback(options.host)
    if not local and not options.expose:
        raise ConfigError(
            f"--host {options.host} lets other machines reach this Studio: anyone who has its address with "
            "the tokens can read every stream, over a connection that is not encrypted.\nIf you want that, "
            "add --expose. Safer: omit --host, and use a tunnel (ssh -L 7575:127.0.0.1:7575 this-machine)."
        )
    if not local and options.agentscope:
        raise ConfigError("--agentscope accepts programs without a token, so it works on this machine only.")
    tokens = kept_tokens()
    with _listening(options) as listener, _database(options.db) as store:
        url = f"http://{_in_url(options.host)}:{listener.getsockname()[1]}"
        server = _server(store, tokens, options)
        announce(url, tokens)
        _print_address(url, tokens, options)
        server.run([listener])


def _server(store: Store, tokens: Tokens, options: Options) -> Server:
    extras: dict[str, Any] = {}
    if options.agentscope:
        from modelstream_studio.agentscope import PATHS, routes

        extras = {"mounts": routes(), "without_token": PATHS}
    return Server(
        Studio(
            store,
            tokens,
            hosts=(options.host, *((socket.gethostname(),) if options.expose else ())),
            any_address=options.expose,
            **extras,
        )
    )


@contextlib.contextmanager
def _listening(options: Options) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with listener:
        try:
            listener.bind((options.host, options.port))
            listener.listen(128)
        except OSError as error:
            raise ConfigError(_not_listening(options, error)) from error
        yield listener


def _not_listening(options: Options, error: OSError) -> str:
    if error.errno != errno.EADDRINUSE:
        return f"Studio can't listen on {options.host}, port {options.port}: {error.strerror}."
    place = known_place()
    if place is not None and place.url == f"http://{_in_url(options.host)}:{options.port}":
        there = f"your Studio seems to be running there: {_link(place.url, place.tokens)}"
    else:
        there = "a Studio may be running already."
    return (
        f"Port {options.port} on {options.host} is in use: {there}\n"
        "Choose another one (modelstream studio --port 7576), or any free one (--port 0)."
    )


def _link(url: str, tokens: Tokens) -> str:
    """The address to open. Browsers never send what follows the #."""
    return f"{url}/#watch={tokens.watch}&answer={tokens.answer}"


@contextlib.contextmanager
def _database(path: Path) -> Iterator[Store]:
    try:
        store = Store(path)
    except DatabaseError as error:
        raise ConfigError(str(error)) from error
    try:
        yield store
    finally:
        store.close()


def _print_address(url: str, tokens: Tokens, options: Options) -> None:
    link = _link(url, tokens)
    lines = [
        "Studio is running. Open this address; it contains the tokens, so keep it secret:",
        "",
        f"  {link}",
        "",
    ]
    if url == default_url():
        lines.append('Your programs find it: modelstream.init(sinks=["terminal", "studio"])')
    else:
        lines.append(f"Your programs find it as the Studio that was started last: {url}")
    if not _is_loopback(options.host):
        lines.append("Other machines can reach it, without encryption. Programs there need:")
        lines.append(f"  MODELSTREAM_STUDIO={url}/#publish={tokens.publish}")
    lines += [f"Studio keeps its data in {options.db}; Ctrl-C stops it.", ""]
    sys.stderr.write("\n".join(lines))
    if options.open_browser:
        import webbrowser

        webbrowser.open(link)


def _in_url(host: str) -> str:
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)  # noqa: S104
    return f"[{shown}]" if ":" in shown else shown


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
