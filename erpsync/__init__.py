"""Keeps online stores and ERPs in sync, both ways, on the user's own servers."""

__version__ = "0.1.0"
