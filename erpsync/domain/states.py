"""The states of a job and the only legal moves between them."""

from enum import StrEnum


class JobState(StrEnum):
    READY = "ready"
    """Waiting for a worker, at once or from `due_at` on."""
    RUNNING = "running"
    """Claimed by a worker until `lease_until`."""
    DONE = "done"
    """The target equals the source at the wanted version."""
    SKIPPED = "skipped"
    """Rightly nothing to do; the reason is recorded."""
    DEAD = "dead"
    """A person must act: see its dead letter."""
    DISCARDED = "discarded"
    """A person decided that it shall not be synced."""


_MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.READY: frozenset({JobState.RUNNING, JobState.DISCARDED}),
    JobState.RUNNING: frozenset({JobState.READY, JobState.DONE, JobState.SKIPPED, JobState.DEAD}),
    # A newer version of the record makes a closed job ready again.
    JobState.DONE: frozenset({JobState.READY}),
    JobState.SKIPPED: frozenset({JobState.READY}),
    JobState.DEAD: frozenset({JobState.READY, JobState.DISCARDED}),
    JobState.DISCARDED: frozenset({JobState.READY}),
}


def is_legal(current: JobState, following: JobState) -> bool:
    return following in _MOVES[current]


def sources_of(following: JobState) -> frozenset[JobState]:
    """The states a job may be in before it moves to `following`."""
    return frozenset(state for state in JobState if is_legal(state, following))
