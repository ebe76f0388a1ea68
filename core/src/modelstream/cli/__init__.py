"""The command `modelstream`.

Exit codes: 0 the answer is complete; 1 it failed or was cut short; 2 the command line or a config is wrong;
130 ended by Ctrl-C. Errors are a few lines on stderr; `--debug` adds the traceback.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its exit code."""
    if sys.argv[1:] == ["--version"]:
        # The same output as the option in `app`, without importing click, which takes a tenth of a second.
        import modelstream

        sys.stdout.write(f"modelstream {modelstream.__version__}\n")
        return
    from modelstream.cli.app import app
    from modelstream.cli.failures import run

    sys.exit(run(app, sys.argv[1:]))
