"""How fast a shop may be asked, by what it says on its answers: RateLimit-Remaining and RateLimit-Reset.

The last few calls of an allowance are spread over the time that is left, so that it is never run into.
"""

from dataclasses import replace

from erpsync.ports.limits import Lesson, Window
from erpsync.transport.http import Reply

FEW_LEFT = 3.0


def lesson(reply: Reply, plain: Lesson) -> Lesson:
    try:
        remaining = max(int(reply.headers.get("RateLimit-Remaining", "")), 0)
        reset_seconds = max(float(reply.headers.get("RateLimit-Reset", "")), 0.0)
    except ValueError:
        return plain
    if reset_seconds == 0:
        return plain
    return replace(plain, level=Window(float(remaining), remaining + 1.0, reset_seconds, spread=FEW_LEFT))
