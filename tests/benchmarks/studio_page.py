"""How long it takes from a chunk in a program to a frame in the browser, while twenty agents speak.

    python tests/benchmarks/studio_page.py [seconds]

Twenty messages of a program get fifty chunks a second each, through the sink; every chunk carries the time at
which it was made, and a page in a real Chromium notes when it has been drawn.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from modelstream import Finish, ModelWrapper, Request, init, show

MESSAGES = 20
CHUNKS = 50
TARGET = 150
STAGE = Path(__file__).parents[2] / "sinks/studio/tests/browser"


class Dated(ModelWrapper):
    """Answers with the time, again and again."""

    model_type = "dated"

    def deltas(self, request: Request) -> Any:
        """Fifty a second, a paragraph each twenty."""
        end = time.perf_counter() + float(request.messages[0]["content"])
        due, n = time.perf_counter(), 0
        while due < end:
            due += 1 / CHUNKS
            time.sleep(max(0.0, due - time.perf_counter()))
            n += 1
            yield f"@{time.time() * 1000:.2f}; " + ("\n\n" if n % 20 == 0 else "")
        yield Finish()


def speak(seconds: str) -> None:
    """All agents at once; this runs in a process of its own."""
    init(project="benchmark", name="page", sinks=["studio"])
    threads = [threading.Thread(target=lambda: show(Dated()(seconds, stream=True))) for _ in range(MESSAGES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# What is new in the log is looked through once; a time counts when the next frame has been drawn.
WATCH = """() => {
  const seen = new Set();
  window.delays = [];
  const found = text => {
    for (const [, at] of text.matchAll(/@(\\d{13}\\.\\d\\d);/g)) {
      if (seen.has(at)) continue;
      seen.add(at);
      requestAnimationFrame(() => setTimeout(() => window.delays.push(Date.now() - at)));
    }
  };
  new MutationObserver(changes => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "characterData") found(target.data);
      else for (const node of addedNodes) found(node.textContent);
    }
  }).observe(document.getElementById("log"), {childList: true, characterData: true, subtree: true});
}"""


def measured(seconds: float) -> list[float]:
    """The delays in milliseconds, sorted."""
    sys.path.insert(0, str(STAGE))
    from browser_stage import FLAGS, StudioProcess, chromium
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        studio = StudioProcess(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page()
        page.goto(studio.link)
        page.wait_for_selector("body[data-view=empty]")
        page.evaluate(WATCH)
        command = [sys.executable, __file__, "--speak", str(seconds)]
        program = subprocess.Popen(command, env={**os.environ, "XDG_STATE_HOME": folder})
        page.wait_for_selector(".message[data-state=complete]", timeout=(seconds + 30) * 1000)
        delays = page.evaluate("() => window.delays")
        program.wait(30)
        browser.close()
        studio.stop()
    return sorted(delays)


def main(seconds: float = 10.0) -> int:
    """Measure, print, and compare with the target; the exit code."""
    if importlib.util.find_spec("playwright") is None:
        print("skipped: Playwright is not installed (dependency group `browser`)")
        return 0
    delays = measured(seconds)
    p50, p95, p99 = (delays[int(len(delays) * share)] for share in (0.5, 0.95, 0.99))
    print(f"{MESSAGES} messages, {MESSAGES * CHUNKS} chunks/s, {len(delays)} chunks")
    print(
        f"from the chunk to the frame: p50 {p50:.0f} ms, p95 {p95:.0f} ms (target {TARGET}), p99 {p99:.0f} ms"
    )
    return int(p95 > TARGET)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--speak"]:
        speak(sys.argv[2])
    else:
        sys.exit(main(*map(float, sys.argv[1:])))
