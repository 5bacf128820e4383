"""`python -m ganfx` is the command line."""

from ganfx.cli import main

main()
