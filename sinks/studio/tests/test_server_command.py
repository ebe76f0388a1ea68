"""`modelstream studio`, as a user runs it."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from served import Browser, Reporter, wait_for

COMMAND = [str(Path(sys.executable).with_name("modelstream")), "studio"]


def refused(tmp_path, *arguments):
    """The words with which the command line is refused."""
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        [*COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) <= 3
    return done.stderr


def test_it_prints_the_address_and_ends_with_ctrl_c(studio_process, tmp_path):
    studio = studio_process()
    assert f"http://127.0.0.1:{studio.port}/#watch={studio.tokens.watch}&answer=" in studio.told
    assert studio.tokens.publish not in studio.told
    Reporter(studio).open()
    database = tmp_path / "modelstream/studio/studio.db"
    assert stat.S_IMODE(database.stat().st_mode) == 0o600

    assert studio.interrupt() in {0, 130}
    assert "Traceback" not in studio.told
    assert "rror" not in studio.told
    with sqlite3.connect(database) as kept:
        assert kept.execute("SELECT id FROM messages").fetchall() == [("m",)]
    kept.close()


def test_it_ends_at_once_although_a_page_is_open_and_a_program_waits(studio_process):
    studio = studio_process()
    Reporter(studio).open()
    browser = Browser(studio)
    wait_for(lambda: browser.messages)
    waiting = studio.begin("GET", "/v1/commands?producer=producer&after=0", role="publish")
    assert studio.get("/v1/runs")["runs"], "it has been taken in before this was"

    assert studio.interrupt() in {0, 130}

    assert "Traceback" not in studio.told
    assert "rror" not in studio.told
    assert waiting.getresponse().read() == b'{"commands":[]}'
    waiting.close()
    browser.leave()


def test_tokens_and_runs_outlive_a_restart(studio_process):
    studio = studio_process()
    tokens = studio.tokens
    Reporter(studio).open()
    studio.interrupt()
    studio.start()
    assert studio.tokens == tokens
    assert [run["id"] for run in studio.get("/v1/runs")["runs"]] == ["run"]


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = refused(tmp_path, "--port", str(taken.getsockname()[1]))
    assert re.search(r"Port \d+ on 127.0.0.1 is in use", told)
    assert "--port" in told


def test_the_address_of_the_studio_that_has_the_port_is_told_again(studio_process, tmp_path):
    studio = studio_process()
    told = refused(tmp_path, "--port", str(studio.port), "--db", str(tmp_path / "other.db"))
    assert f"#watch={studio.tokens.watch}" in told


def test_another_address_needs_an_explicit_word(tmp_path):
    everywhere = ("--host", "0.0.0.0")  # noqa: S104
    told = refused(tmp_path, *everywhere)
    assert "--expose" in told
    assert "not encrypted" in told
    told = refused(tmp_path, *everywhere, "--expose", "--agentscope")
    assert "without a token" in told


def test_exposed_it_says_what_that_means_and_how_programs_there_reach_it(studio_process):
    studio = studio_process("--host", "0.0.0.0", "--expose")  # noqa: S104
    assert "without encryption" in studio.told
    assert f"/#publish={studio.tokens.publish}" in studio.told
    assert studio.ask("GET", "/v1/runs", host=f"192.168.1.5:{studio.port}")[0] == 200
    assert studio.ask("GET", "/v1/runs", host="evil.example")[0] == 421


def test_an_address_that_is_not_ours_is_said(tmp_path):
    assert "can't listen on 192.0.2.1" in refused(tmp_path, "--host", "192.0.2.1", "--expose")


def test_a_file_that_is_no_database_is_said(tmp_path):
    other = tmp_path / "letter.txt"
    other.write_text("Dear Sir or Madam, " * 100)
    told = refused(tmp_path, "--port", "0", "--db", str(other))
    assert "letter.txt" in told
    assert "--db FILE" in told
    assert other.read_text().startswith("Dear Sir")


def test_a_database_of_something_else_is_left_alone(tmp_path):
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as made:
        made.execute("CREATE TABLE precious(x)")
    made.close()
    assert "is not a database of this Studio" in refused(tmp_path, "--port", "0", "--db", str(other))


def test_two_studios_do_not_share_a_database(studio_process, tmp_path):
    studio_process()
    told = refused(tmp_path, "--port", "0")
    assert "another Studio" in told


@pytest.mark.parametrize("port", ["-1", "70000", "x"])
def test_a_port_that_is_none_is_said(tmp_path, port):
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        [*COMMAND, "--port", port], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert "--port" in done.stderr
