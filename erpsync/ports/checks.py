"""What `erpsync doctor` asks a connection, and the answers in plain words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One question and its answer. `detail` is a sentence; when not `ok`, `next_step` is the fix."""

    name: str
    ok: bool
    detail: str
    next_step: str = ""
