"""Experiments in training, one script each, at a size for a CPU and one for a GPU: what docs/training.md reports."""
