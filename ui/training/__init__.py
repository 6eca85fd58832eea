"""Training from the page: one process a run, and everything about it read from the run's folder."""
