"""``python -m ui`` is the command ``curator``."""

from ui.cli import main

main(prog_name="curator")
