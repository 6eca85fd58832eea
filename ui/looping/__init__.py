"""The loop: its stages, the process that runs it, the panel's functions."""
