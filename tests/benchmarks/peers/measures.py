"""What is measured: each function gives a table's rows, by the names of the ways."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from stage import ENVIRONMENT, FailedError, Stage, Way, constant, found_by, found_in
from tables import RATE, Rows

HERE = Path(__file__).parent
IN_PROCESS = HERE.parent
TOO_LATE = 100.0  # milliseconds
STEPS = 6
MOST = 1500  # streams: the server is not asked for more


def measured(
    stage: Stage, ways: Iterable[Way], answer: str, measure: str, **arguments: Any
) -> Iterator[tuple[str, Any]]:
    """What a measure finds for each way that does not fail."""
    for way in ways:
        try:
            yield way.name, stage.measure(way, answer, measure, **arguments)
        except FailedError:
            continue


def cost(stage: Stage, ways: list[Way], chunks: int, rounds: int) -> Rows:
    """Microseconds of CPU time for each chunk, and the peak of memory, once the first call was made."""
    dict(measured(stage, ways, "burst 200", "burst", chunks=200))
    runs: dict[str, list[Any]] = {}
    for _ in range(rounds):
        for name, found in measured(stage, ways, f"burst {chunks}", "burst", chunks=chunks):
            runs.setdefault(name, []).append(found)
    return {
        name: {
            "cpu": median(run["cpu"] for run in found),
            "least": min(run["cpu"] for run in found),
            "peak": found[-1]["peak"],
        }
        for name, found in runs.items()
    }


def lag(stage: Stage, ways: list[Way], chunks: int = 40, interval: int = 50) -> Rows:
    """Milliseconds from the server's sending to the user's code, and from a warm call to its request."""
    rows: Rows = {}
    for name, found in measured(stage, hurried(stage, ways), f"paced {chunks} {interval}", "lag"):
        delays = found["delays"]
        waits = sum(delay > 0.9 * interval for delay in delays) > len(delays) / 2
        rows[name] = {"median": median(delays), "p99": percentile(delays, 99), "waits": waits}
    for name, found in measured(stage, ways, "paced 1 20", "calls", count=11):
        rows[name] |= {"call": median(found["taken"][1:])}
    return rows


def streams(stage: Stage, ways: list[Way], seconds: float = 3.0) -> Rows:
    """The most streams that one process carries in time, and how late chunks are at half of that."""
    rows: Rows = {}
    for way in hurried(stage, ways):
        try:
            stage.measure(way, "burst 1", "once")
            rows[way.name] = carried(lambda count, way=way: load(stage, way, count, seconds))
            print(f"  {way.name}: {rows[way.name]['streams']} streams", file=sys.stderr, flush=True)
        except FailedError:
            continue
    return rows


def carried(load: Callable[[int], dict[str, float]]) -> dict[str, Any]:
    """Look for the most streams that are in time, beginning at what the CPU time of few of them promises.

    What is late is tried once more: others who use the machine make chunks late, and never make them early.
    """
    best, fails = 1, MOST
    found = load(1)
    count = int(0.7e6 / RATE / load(20)["cpu"])
    for _ in range(STEPS):
        tried = load(count)
        if tried["p99"] > TOO_LATE:
            tried = load(count)
        if tried["p99"] < TOO_LATE:
            best, found = count, tried
        else:
            fails = count
        if fails < best * 1.15:
            break
        count = int(best * 1.4) if fails == MOST else int((max(best, fails / 2) + fails) / 2)
    half = load(max(1, best // 2))
    return {"streams": best, "cpu": found["cpu"], "half p99": half["p99"], "half most": half["most"]}


def load(stage: Stage, way: Way, count: int, seconds: float) -> dict[str, float]:
    """The delays while so many streams run."""
    found = stage.measure(way, f"paced {int(seconds * RATE)} 20", "streams", count=count, seconds=seconds)
    late = percentile(found["delays"], 99) if found["whole"] else float("inf")
    return {"p99": late, "most": found["most"], "cpu": found["cpu"]}


def start(stage: Stage, ways: list[Way], rounds: int) -> Rows:
    """Milliseconds of CPU time over bare Python: of an import, and of all up to a first answer."""
    floor = ways[0]
    bare = median(cpu_of([stage.interpreter(floor), "-c", ""]) for _ in range(rounds))
    runs: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds):
        for way in ways:
            found = runs.setdefault(way.name, {"import": [], "first": []})
            code = constant(way.client, "IMPORT")
            try:
                found["import"].append(cpu_of([stage.interpreter(way), "-c", code]) - bare)
                found["first"].append(first_answer(stage, way) - bare)
            except (FailedError, subprocess.CalledProcessError) as error:
                print(f"  {way.name}: {error}", file=sys.stderr)
    rows: Rows = {
        name: {what: median(values) for what, values in found.items()}
        for name, found in runs.items()
        if all(found.values())
    }
    return {"bare Python": {"import": bare}, **rows}


def version(python: str, rounds: int) -> Rows:
    """Milliseconds of CPU time of `modelstream --version`, bare Python included, with every plugin there."""
    command = str(Path(python).with_name("modelstream"))
    return {
        "modelstream --version": {"import": median(cpu_of([command, "--version"]) for _ in range(rounds))}
    }


def first_answer(stage: Stage, way: Way) -> float:
    """Milliseconds of CPU time of a process that is started, calls the model once and reads one chunk."""
    stage.server.ask("burst 1")
    worker = stage.start(way)
    try:
        found_in(worker.line())
        return float(found_by(worker, "once")["cpu"])
    finally:
        worker.close()


def cpu_of(command: list[str]) -> float:
    """Milliseconds of CPU time of a command. Raises `CalledProcessError`."""
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(command[0], command, ENVIRONMENT, file_actions=silent)
    _, status, used = os.wait4(process, 0)
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), command)
    return (used.ru_utime + used.ru_stime) * 1e3


def hurried(stage: Stage, ways: Iterable[Way]) -> Iterator[Way]:
    """The ways, with more weight for their processes where that is allowed: others make delays, too."""
    stage.hurry()
    for way in ways:
        stage.hurry(way)
        yield way


def percentile(values: list[float], percent: int) -> float:
    """A percentile."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def in_process(python: str, script: str, *arguments: str) -> str:
    """What one of the scripts that need no server prints."""
    command = [python, str(IN_PROCESS / script), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=ENVIRONMENT).stdout
