"""What beat sends, and how often. Each message expires before the next, so that a stopped worker finds no pile."""

from typing import Any

_DAY_SECONDS = 86_400.0
# How often it is looked which connections are to be polled; how often each is polled is its routes' `poll_seconds`.
_POLLS_SECONDS = 30.0
# A store that has switched its webhooks off is polled every few minutes all the same.
_SUBSCRIPTIONS_SECONDS = 900.0


def entries(sweep_seconds: float) -> dict[str, dict[str, Any]]:
    """Celery's `beat_schedule`."""
    return {
        "sweep": _every(sweep_seconds, "erpsync.upkeep.sweep"),
        "poll": _every(_POLLS_SECONDS, "erpsync.poll.start"),
        "subscriptions": _every(_SUBSCRIPTIONS_SECONDS, "erpsync.upkeep.subscriptions"),
        "purge": _every(_DAY_SECONDS, "erpsync.upkeep.purge"),
    }


def _every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"expires": seconds * 0.9}}
