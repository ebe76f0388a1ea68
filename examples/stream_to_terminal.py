"""Stream an answer to the terminal: what an application with one question needs.

Run it with a question, or without one:

    pip install modelstream modelstream-local modelstream-terminal
    python examples/stream_to_terminal.py "Why is the sky blue?"

The small local model answers and needs no key. To ask another model, pass a file of model configs and
the name of one:

    python examples/stream_to_terminal.py --configs models.json --model my-gpt "Why is the sky blue?"
"""

from __future__ import annotations

import argparse
import sys

import modelstream

LOCAL = {"config_name": "local", "model_type": "local_chat", "generate_args": {"max_tokens": 200}}


def main(arguments: list[str] | None = None) -> int:
    """Ask, show the answer as it comes, and print its token count."""
    parser = argparse.ArgumentParser(description="Stream one answer to the terminal.")
    parser.add_argument("question", nargs="?", default="Why is the sky blue?")
    parser.add_argument("--configs", help="a JSON or TOML file of model configs")
    parser.add_argument("--model", default="local", help="the name of a config")
    options = parser.parse_args(arguments)

    modelstream.init(model_configs=options.configs or LOCAL, sinks=["terminal"])
    response = modelstream.load_model(options.model)(options.question, stream=True)
    try:
        modelstream.show(response)
    except modelstream.StreamError as error:
        # The terminal has shown the partial text; the exit code reports that it is incomplete.
        print(f"\ncut after {len(error.partial_text)} characters: {error}", file=sys.stderr)
        return 1
    if response.usage is not None:
        print(
            f"({response.usage.output_tokens} tokens, finish reason: {response.finish_reason})",
            file=sys.stderr,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
