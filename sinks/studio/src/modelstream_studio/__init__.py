"""Studio: every stream, live in the browser. `modelstream studio` starts it; the sink reports to it."""
