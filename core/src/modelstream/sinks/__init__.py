"""Where snapshots go: the sink's contract and how the core delivers to sinks."""
