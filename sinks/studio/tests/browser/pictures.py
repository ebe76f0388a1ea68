"""Takes the screenshots of Studio for the documentation: `python …/pictures.py FOLDER`.

They show a real Studio in a real browser, with invented runs.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from browser_stage import FLAGS, Program, StudioProcess, chromium
from playwright.sync_api import Browser, sync_playwright

from modelstream_studio.frames import Counts, Failure

PLAN = """The import reads each row twice since **version 2.4**: once to check it, once to write it.

1. Measure where the time goes, with last night's profile.
2. Move the check into the pass that writes, in `importer/pipeline.py`.
3. Run both versions on the sample and compare.

Nothing of this touches the schema.
"""
CODE = """The second pass is gone: rows are checked where they are parsed, and each fault names its line.

```python
def rows(path: Path) -> Iterator[Row]:
    \"\"\"Each row of the file, checked once.\"\"\"
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            row = Row.parse(line)
            if row.amount < 0:
                raise ValueError(f"line {number}: {row.amount} is negative")
            yield row
```

On the sample:

| version | rows per second | whole import |
|---|---|---|
| 2.4 | 19 800 | 34 min |
| this | 43 100 | 15 min |

"""
REVIEW = """I read the change line by line. Two remarks before it goes in:

- `Row.parse` raises on a blank last line. The old code skipped it, and *Lisbon* sends one.
- The error names the line, not the file. With 40 files a night, name both.

Apart from that it does what the plan says, and the"""
HISTORY = "Three incidents look alike: **INC-204**, **INC-311** and **INC-377**. In all three the import ran"
THOUGHT = """The user wants the nightly import made fast again, and only if that is safe. First the timings,
then what changed between 2.3 and 2.4. If the check moves into the writing pass, every row is touched once."""
DOUBT = "What did the old code do with a blank last line? Where do the errors end up, and who reads them?"
PROFILE = {
    "code": "import cProfile\nfrom importer import nightly\n\ncProfile.run('nightly()', sort='cumtime')"
}
QUESTION = "The new index locks a table of 40 million rows for about two minutes. When shall it be built?"
SCHEMA = {
    "type": "object",
    "properties": {"when": {"title": "When", "enum": ["tonight", "at the weekend", "not at all"]}},
    "required": ["when"],
}


def other_runs(studio: StudioProcess, now: float) -> list[Program]:
    """Creates the other runs in the list."""
    programs = [
        Program(studio, "Weekly report", "reports", started=now - 9_000),
        Program(studio, "Translate the handbook", "handbook", started=now - 2_400),
        Program(studio, "Glossary, second pass", "handbook", started=now - 90_000),
        Program(studio, "Index the archive", "importer", started=now - 200_000),
    ]
    for program, agents in zip(
        programs, (("Writer",), ("Translator", "Editor"), ("Editor",), ("Archivist",)), strict=True
    ):
        for agent in agents * 6:
            program.speak(agent).write("Done.").end(usage=Counts(input_tokens=700, output_tokens=230))
    programs[1].speak("Translator").write("Kapitel 4 beginnt mit")
    for program in (programs[0], programs[2], programs[3]):
        program.leave()
    return programs


def main_run(studio: StudioProcess) -> tuple[Program, list]:
    """Creates the run that is shown; returns it with its live messages and the other runs."""
    now = time.time()
    other_programs = other_runs(studio, now)
    run = Program(studio, "Why is the import slow?", "importer", program="nightly.py", started=now - 95)
    at = now - 92
    run.speak("Anna", role="user", model_type=None, model_name=None, at=at).write(
        "The nightly import takes twice as long since Monday. Find out why, and fix it if that is safe."
    ).end(at=at + 1)
    plan = run.speak("Planner", model_name="qwen3-14b", at=at + 2).reason(THOUGHT).write(PLAN)
    plan.end(usage=Counts(input_tokens=812, output_tokens=341), first_at=at + 2.38, at=at + 8.1)
    tool = run.speak("Engineer", model_name="devstral-24b", at=at + 9).write(
        "First the profile of last night."
    )
    tool.call("run_python", json.dumps({**PROFILE, "timeout": 120}))
    usage = Counts(input_tokens=1_204, output_tokens=96)
    tool.end(usage=usage, finish_reason="tool_calls", first_at=at + 9.61, at=at + 12.4)
    lost = run.speak("Archivist", model_name="glm-4.6", at=at + 14).write(HISTORY)
    failure = Failure(
        "ConnectionLostError", "The connection broke after 96 characters. The text so far is kept."
    )
    lost.end("failed", error=failure, first_at=at + 14.8, at=at + 17.2)
    code = run.speak("Engineer", model_name="devstral-24b", at=at + 20).write(CODE)
    code.end(usage=Counts(input_tokens=1_630, output_tokens=512), first_at=at + 20.44, at=at + 29.7)
    review = run.speak("Reviewer", model_name="qwen3-30b", at=time.time() - 0.4).reason(DOUBT).write(REVIEW)
    tester = run.speak("Tester", model_name="qwen3-8b", at=time.time() - 0.3).write(
        "All 214 tests pass on the new branch; the slowest"
    )
    return run, [review, tester, *other_programs]


def picture(browser: Browser, studio: StudioProcess, run: Program, path: Path, **options) -> None:
    context = browser.new_context(reduced_motion="reduce", **options)
    page = context.new_page()
    page.goto(f"{studio.link}&run={run.run}")
    page.locator(".message[data-state=live]").last.wait_for()
    page.evaluate("() => document.fonts.ready")
    page.wait_for_timeout(700)
    page.screenshot(path=path)
    context.close()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state, sync_playwright() as playwright:
        studio = StudioProcess(Path(state))
        run, programs = main_run(studio)
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        sizes = {"wide": {"width": 1280, "height": 916}, "phone": {"width": 390, "height": 844}}
        for size, viewport in sizes.items():
            for theme in ("light", "dark"):
                path = folder / f"studio-{size}-{theme}.png"
                picture(browser, studio, run, path, viewport=viewport, color_scheme=theme)
        run.ask(QUESTION, SCHEMA, "Engineer")
        for size, viewport in sizes.items():
            path = folder / f"studio-{size}-question.png"
            picture(browser, studio, run, path, viewport=viewport, color_scheme="light")
        browser.close()
        for program in (run, *(other for other in programs if isinstance(other, Program))):
            program.stop()
        studio.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
