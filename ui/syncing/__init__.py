"""Keeping in step with a Label Studio server from the page: passes, the form that connects, the tab's functions."""
