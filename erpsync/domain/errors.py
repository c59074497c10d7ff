"""What can go wrong, in families that decide what happens next (see `domain.retry`).

Every error carries a stable `code`, the `system` it comes from, what happened, and what a person should do next.
Secrets and personal data never enter any of these texts: name the record, not its content.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What an operator reads. `code` is kebab-case and never changes; `record` names what it is about."""

    code: str
    system: str
    what: str
    next_step: str
    record: str = ""

    def __str__(self) -> str:
        about = f"{self.record}: " if self.record else ""
        return f"{about}{self.what} Next: {self.next_step}"


class SyncError(Exception):
    """Base of all errors that a sync raises on purpose. Anything else that escapes is a bug."""

    def __init__(self, code: str, *, system: str, what: str, next_step: str, record: str = "") -> None:
        self.problem = Problem(code=code, system=system, what=what, next_step=next_step, record=record)
        self.connection = ""
        """The connection in use when it was raised; set by the flow, which knows it."""
        super().__init__(str(self.problem))

    @property
    def code(self) -> str:
        return self.problem.code


class Transient(SyncError):
    """May work if tried again. Counts as an attempt."""

    counts_as_attempt = True

    def __init__(
        self,
        code: str,
        *,
        system: str,
        what: str,
        next_step: str = "Nothing: it is tried again by itself.",
        record: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(code, system=system, what=what, next_step=next_step, record=record)
        self.retry_after_seconds = retry_after_seconds


class Throttled(Transient):
    """The remote asks for patience. Not the record's fault, so it does not count as an attempt."""

    counts_as_attempt = False


class Paced(Throttled):
    """Our own limit of a connection says to wait, and the remote was not asked. Says nothing of other calls to it."""


class Unavailable(Transient):
    """The connection as a whole is down (refused, DNS, 502/503/504, credentials expired). The request surely
    changed nothing. Does not count as an attempt; feeds the connection's breaker."""

    counts_as_attempt = False


class OutcomeUnknown(Transient):
    """A write was sent and its reply never came: it may or may not have happened.

    `settle_seconds` is how long the remote may still be working on it; looking earlier is how a second order is made.
    Zero where writing again is harmless because the remote enforces a unique external id.
    """

    def __init__(
        self,
        code: str,
        *,
        system: str,
        what: str,
        record: str = "",
        settle_seconds: float = 0.0,
        next_step: str = "Nothing: the record is looked up before it is written again.",
    ) -> None:
        super().__init__(
            code,
            system=system,
            what=what,
            next_step=next_step,
            record=record,
            retry_after_seconds=settle_seconds or None,
        )
        self.settle_seconds = settle_seconds


class TookTooLong(Transient):
    """The time of a run was over before it was done: what it had sent last may have happened or not.

    `settle_seconds`: as in OutcomeUnknown. No connection is blamed, for the run may just have had too much to do.
    """

    def __init__(self, settle_seconds: float = 0.0) -> None:
        super().__init__(
            "took-too-long",
            system="erpsync",
            what="The run was not done when the time of its task was over.",
            next_step="Find out what is slow, or give tasks more time with ERPSYNC_TASK_SECONDS and restart the workers;"
            " then replay.",
            retry_after_seconds=settle_seconds or None,
        )
        self.settle_seconds = settle_seconds


class TimeUp(BaseException):
    """The time of a task is over, in the middle of whatever it does.

    No Exception: a flow, or a library, would take it for the failure of one record or one call, and go on.
    """


class Rejected(SyncError):
    """The remote, or our own rules, refuse this record until a person changes something. A dead letter at once."""


class Skip(SyncError):
    """There is rightly nothing to do. Recorded with its reason, never silent."""

    def __init__(self, code: str, *, what: str, record: str = "") -> None:
        super().__init__(code, system="erpsync", what=what, next_step="Nothing.", record=record)


class ConfigurationError(Exception):
    """The configuration cannot be used; `problems` lists every fault found, not just the first."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"- {problem}" for problem in problems))
