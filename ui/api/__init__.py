"""The JSON API under /api/v1: everything that the page can do, for programs."""
