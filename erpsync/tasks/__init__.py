"""Celery, and only Celery: messages that carry ids to the engine. See `celeryconfig.py` for the settings."""
