"""Tells workers of what a command has put back to work, as far as a broker lets it."""

from collections.abc import Sequence

from erpsync import config
from erpsync.ports.runtime import JobCall, Wake
from erpsync.tasks import broker
from erpsync.tasks.app import app
from erpsync.tasks.wake import CeleryWake

BY_SWEEP = "The broker cannot be reached, so no worker was told: it starts with the next sweep."


class Announcer:
    """A Wake that asks once whether the broker is there, so that a hundred replays do not wait for it a hundred times."""

    def __init__(self, wake: Wake | None) -> None:
        self._wake = wake
        self.heard = wake is not None
        """False as soon as one call was not heard."""

    def intake(self) -> None:
        if self._wake is not None and self.heard:
            self._wake.intake()

    def polls(self) -> None:
        if self._wake is not None and self.heard:
            self._wake.polls()

    def jobs(self, calls: Sequence[JobCall], delay_seconds: float = 0.0) -> bool:
        if self._wake is not None and self.heard:
            self.heard = self._wake.jobs(calls, delay_seconds)
        return self.heard

    def dead_letters(self, ids: Sequence[int]) -> bool:
        if self._wake is not None and self.heard:
            self.heard = self._wake.dead_letters(ids)
        return self.heard

    def backfills(self, ids: Sequence[int], delay_seconds: float = 0.0) -> bool:
        if self._wake is not None and self.heard:
            self.heard = self._wake.backfills(ids, delay_seconds)
        return self.heard


def announcer() -> Announcer:
    """For the configured broker, or for none where it does not answer."""
    return Announcer(CeleryWake(app) if broker.check(config.broker_url()).ok else None)
