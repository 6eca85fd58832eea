"""Experiments with simulated curators: what an order of review is worth."""
