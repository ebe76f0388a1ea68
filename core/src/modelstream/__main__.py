"""`python -m modelstream`: the command `modelstream`, of this Python."""

from modelstream.cli import main

main()
