// Server-sent events out of a byte stream: EventSource can't send the bearer header.

/** The events of `body`, each `{event, data, id}`; `touch` is called for all bytes, comments too. */
export async function* events(body, touch) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    touch();
    rest += value;
    const whole = rest.lastIndexOf("\n\n");
    if (whole < 0) continue;
    const ready = rest.slice(0, whole);
    rest = rest.slice(whole + 2);
    for (const block of ready.split("\n\n")) {
      const event = parse(block);
      if (event) yield event;
    }
  }
}

function parse(block) {
  const event = { event: "message", data: "", id: null };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 1) continue;
    const name = line.slice(0, colon);
    const value = line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (name === "data") event.data += event.data ? `\n${value}` : value;
    else if (name in event) event[name] = value;
  }
  return event.data ? event : null;
}
