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


def rejection(tmp_path, *arguments):
    """Runs an invalid command line and returns its error message."""
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        [*COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) <= 3
    return done.stderr


def test_it_prints_the_address_and_stops_on_ctrl_c(studio_process, tmp_path):
    studio = studio_process()
    assert f"http://127.0.0.1:{studio.port}/#watch={studio.tokens.watch}&answer=" in studio.output
    assert studio.tokens.publish not in studio.output
    Reporter(studio).open()
    database = tmp_path / "modelstream/studio/studio.db"
    assert stat.S_IMODE(database.stat().st_mode) == 0o600

    assert studio.interrupt() in {0, 130}
    assert "Traceback" not in studio.output
    assert "rror" not in studio.output
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT id FROM messages").fetchall() == [("m",)]
    connection.close()


def test_it_stops_at_once_although_a_page_is_open_and_a_program_waits(studio_process):
    studio = studio_process()
    Reporter(studio).open()
    browser = Browser(studio)
    wait_for(lambda: browser.messages)
    request = studio.begin("GET", "/v1/commands?producer=producer&after=0", role="publish")
    assert studio.get("/v1/runs")["runs"], "the earlier request has been received"

    assert studio.interrupt() in {0, 130}

    assert "Traceback" not in studio.output
    assert "rror" not in studio.output
    assert request.getresponse().read() == b'{"commands":[]}'
    request.close()
    browser.leave()


def test_tokens_and_runs_survive_a_restart(studio_process):
    studio = studio_process()
    tokens = studio.tokens
    Reporter(studio).open()
    studio.interrupt()
    studio.start()
    assert studio.tokens == tokens
    assert [run["id"] for run in studio.get("/v1/runs")["runs"]] == ["run"]


def test_a_port_in_use_is_an_error(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        output = rejection(tmp_path, "--port", str(listener.getsockname()[1]))
    assert re.search(r"Port \d+ on 127.0.0.1 is in use", output)
    assert "--port" in output


def test_if_a_studio_uses_the_port_its_address_is_printed(studio_process, tmp_path):
    studio = studio_process()
    output = rejection(tmp_path, "--port", str(studio.port), "--db", str(tmp_path / "other.db"))
    assert f"#watch={studio.tokens.watch}" in output


def test_other_hosts_require_expose(tmp_path):
    all_hosts = ("--host", "0.0.0.0")  # noqa: S104
    output = rejection(tmp_path, *all_hosts)
    assert "--expose" in output
    assert "not encrypted" in output
    output = rejection(tmp_path, *all_hosts, "--expose", "--agentscope")
    assert "without a token" in output


def test_expose_prints_a_warning_and_the_address_for_programs(studio_process):
    studio = studio_process("--host", "0.0.0.0", "--expose")  # noqa: S104
    assert "without encryption" in studio.output
    assert f"/#publish={studio.tokens.publish}" in studio.output
    assert studio.request("GET", "/v1/runs", host=f"192.168.1.5:{studio.port}")[0] == 200
    assert studio.request("GET", "/v1/runs", host="evil.example")[0] == 421


def test_a_host_of_another_machine_is_an_error(tmp_path):
    assert "can't listen on 192.0.2.1" in rejection(tmp_path, "--host", "192.0.2.1", "--expose")


def test_a_file_that_is_not_a_database_is_an_error(tmp_path):
    other = tmp_path / "letter.txt"
    other.write_text("Dear Sir or Madam, " * 100)
    output = rejection(tmp_path, "--port", "0", "--db", str(other))
    assert "letter.txt" in output
    assert "--db FILE" in output
    assert other.read_text().startswith("Dear Sir")


def test_the_database_of_another_program_is_not_changed(tmp_path):
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE precious(x)")
    connection.close()
    assert "is not a database of this Studio" in rejection(tmp_path, "--port", "0", "--db", str(other))


def test_two_studios_do_not_share_a_database(studio_process, tmp_path):
    studio_process()
    output = rejection(tmp_path, "--port", "0")
    assert "another Studio" in output


@pytest.mark.parametrize("port", ["-1", "70000", "x"])
def test_an_invalid_port_is_an_error(tmp_path, port):
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        [*COMMAND, "--port", port], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert "--port" in done.stderr
