"""How fast a shop may be asked, by what it says on its answers: RateLimit-Remaining and RateLimit-Reset.

The last few calls of an allowance are spread over the time that is left, so that it is never run into.
"""

from dataclasses import replace

from erpsync.ports.limits import Lesson, Level
from erpsync.transport.http import Reply

FEW_LEFT = 4


def lesson(reply: Reply, plain: Lesson) -> Lesson:
    try:
        remaining = max(int(reply.headers.get("RateLimit-Remaining", "")), 0)
        reset_seconds = max(float(reply.headers.get("RateLimit-Reset", "")), 0.0)
    except ValueError:
        return plain
    if reset_seconds == 0:
        return plain
    spread = min(remaining, FEW_LEFT)
    per_second = (spread + 1) / reset_seconds
    return replace(plain, level=Level(float(remaining - spread), per_second, remaining + 1.0, reset_seconds))
