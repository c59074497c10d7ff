"""The ways in by HTTP: the receiver that takes webhooks, and the console for people."""
