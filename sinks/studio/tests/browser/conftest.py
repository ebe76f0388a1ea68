"""One browser and one Studio for all browser tests; without a browser they are skipped, unless required.

`MODELSTREAM_BROWSER=required` turns the skip into a failure; `MODELSTREAM_CHROMIUM` is the browser to use.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def _missing(reason):
    if os.environ.get("MODELSTREAM_BROWSER") == "required":
        pytest.fail(f"{reason}, and MODELSTREAM_BROWSER says that a browser is required")
    pytest.skip(f"{reason}: no test runs in a browser")


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("Playwright is not installed (dependency group `browser`)")
    from browser_stage import FLAGS, chromium

    path = chromium()
    if path is None:
        _missing("there is no Chromium")
    with sync_playwright() as playwright:
        arguments = [*FLAGS, "--host-resolver-rules=MAP *.test 127.0.0.1"]
        with playwright.chromium.launch(executable_path=path, args=arguments) as launched:
            yield launched


@pytest.fixture(scope="session")
def server(browser, tmp_path_factory):
    """A Studio for all tests."""
    from browser_stage import StudioProcess

    process = StudioProcess(tmp_path_factory.mktemp("studio"))
    yield process
    process.stop()


@pytest.fixture
def other_server(browser, tmp_path):
    """A Studio for one test, which may kill it."""
    from browser_stage import StudioProcess

    process = StudioProcess(tmp_path)
    yield process
    process.stop()


@pytest.fixture
def elsewhere():
    """A foreign page, at another port of this machine."""
    from browser_stage import Elsewhere

    with Elsewhere() as server:
        yield server


@pytest.fixture
def program():
    """Creates programs that report to Studio, and stops them at the end."""
    from browser_stage import Program

    programs = []

    def create(studio, *arguments, **info):
        programs.append(Program(studio, *arguments, **info))
        return programs[-1]

    yield create
    for each in programs:
        each.stop()


@pytest.fixture
def tab(browser):
    """Opens tabs, each in a new profile; unexpected errors in the console fail the test."""
    contexts = []
    errors = []
    expected = []

    def open_tab(address=None, *, expected_errors=(), **options):
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(**options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        expected.extend(expected_errors)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: line.type == "error" and errors.append(line.text))
        if address:
            page.goto(address)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert [line for line in errors if not any(word in line for word in expected)] == []
