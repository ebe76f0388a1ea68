"""Settings of the whole program: its model configs, its sinks, its name."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from modelstream._suggest import did_you_mean, listed
from modelstream.errors import ConfigError, UnknownConfigKeyError
from modelstream.sinks import specs
from modelstream.sinks.active import active, default_sinks, studio_from_environment

if TYPE_CHECKING:
    from modelstream.models import Source
    from modelstream.sinks.base import StreamSink
    from modelstream.sinks.specs import SinkSpec

WITHOUT_EFFECT = {
    "agent_configs": None,
    "cache_dir": None,
    "disable_saving": True,
    "save_api_invoke": False,
    "save_code": False,
    "save_dir": None,
    "save_log": False,
    "use_monitor": False,
}
"""Further arguments of AgentScope 0.1's `init`, each with the value that has no effect there."""

LEVELS = {"TRACE": "DEBUG", "SUCCESS": "INFO"}
"""Log levels of AgentScope that Python's logging does not have."""

logger = logging.getLogger("modelstream")


class Run:
    """One run of the program, for sinks that keep runs apart. `project` and `name` are None unless set."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex
        self.project: str | None = None
        self.name: str | None = None

    def __repr__(self) -> str:
        return f"Run({self.id!r}, project={self.project!r}, name={self.name!r})"


run = Run()
"""The current run. `init` fills it in before it creates the sinks."""


def init(
    model_configs: Source | None = None,
    project: str | None = None,
    name: str | None = None,
    *,
    sinks: SinkSpec | Iterable[SinkSpec] | None = None,
    studio_url: str | None = None,
    runtime_id: str | None = None,
    logger_level: str | int | None = None,
    **others: Any,
) -> None:
    """Load model configs and choose the sinks, for the whole program.

    `model_configs` is a dict, a list of dicts, or the path of a .json or .toml file. `sinks` are sink_types,
    dicts with a `sink_type` and its options, `StreamSink` objects, or functions of message and snapshot;
    None is the terminal, if its plugin is installed, and `[]` is no sink. `studio_url`, or the environment
    variable MODELSTREAM_STUDIO, adds a studio. Sinks passed here are shut down by the next `init`, or at the
    end of the program.

    `project`, `name` and `runtime_id` are for sinks that keep runs apart, `logger_level` is that of the
    logger "modelstream". Other arguments of AgentScope 0.1 are accepted without effect. Raises a
    `ConfigError` for what can't be set up.
    """
    _check(others)
    if logger_level is not None:
        _set_level(logger_level)
    if model_configs is not None:
        from modelstream.models import load_configs

        load_configs(model_configs)
    run.id, run.project, run.name = runtime_id or uuid.uuid4().hex, project, name
    chosen = default_sinks() if sinks is None else specs.as_list(sinks)
    if studio_url:
        chosen = [one for one in chosen if one != "studio"]  # the URL replaces it
    active.replace([*chosen, *_studio(studio_url, chosen)])


def current_sinks() -> Sequence[StreamSink]:
    """The sinks in use: those of `init`, or else the terminal if it is installed."""
    return active.get()


def shutdown() -> None:
    """Wait up to a second for the sinks to finish, and shut them down. Called at the end of the program."""
    active.shutdown()


def _studio(url: str | None, chosen: Iterable[SinkSpec]) -> list[SinkSpec]:
    if url:
        return [{"sink_type": "studio", "url": url}]
    if any(specs.sink_type_of(one) == "studio" for one in chosen):
        return []
    return studio_from_environment()


def _check(others: dict[str, Any]) -> None:
    """Reject unknown arguments, and log those without effect."""
    for argument in others:
        if argument not in WITHOUT_EFFECT:
            known = [*init.__annotations__, *WITHOUT_EFFECT]
            raise UnknownConfigKeyError(f"init has no argument {argument!r}.{did_you_mean(argument, known)}")
    ignored = [argument for argument, value in others.items() if value != WITHOUT_EFFECT[argument]]
    if ignored:
        logger.warning("init: %s: accepted as in AgentScope 0.1, but without effect here", listed(ignored))


def _set_level(level: str | int) -> None:
    name = LEVELS.get(level.upper(), level.upper()) if isinstance(level, str) else level
    try:
        logger.setLevel(name)
    except (TypeError, ValueError):
        raise ConfigError(
            f"init: logger_level is {level!r}; expected DEBUG, INFO, WARNING, ERROR or CRITICAL."
        ) from None
