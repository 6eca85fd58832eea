"""What Label Studio calls: the ML backend and the webhook."""
