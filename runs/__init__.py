"""Experiments in learning: each a script with a size for a CPU and one for a GPU."""
