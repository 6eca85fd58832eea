"""Drawn compound figures with exact truth: for newcomers, property tests and benchmarks."""
