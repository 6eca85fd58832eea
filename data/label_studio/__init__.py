"""Label Studio: hierarchies as its tasks and back. Pure: nothing here speaks to a server."""
