"""Where a read stands between two pages, as text: nothing of it is kept in the process."""

from dataclasses import dataclass

from erpsync.domain.errors import Rejected
from erpsync.systems.dynamics.names import SYSTEM


@dataclass(frozen=True)
class Cursor:
    """`watermark` is that of the read under way, `since` that of the read before; `phase` counts the record kinds that
    are done; `next_path` is the next page, empty for the first of its kind."""

    watermark: str
    phase: int
    next_path: str
    since: str = ""

    def text(self) -> str:
        return "\n".join((self.watermark, str(self.phase), self.since, self.next_path))

    @staticmethod
    def of(text: str) -> "Cursor":
        parts = text.split("\n")
        if len(parts) != 4 or not parts[1].isdecimal():
            raise Rejected(
                "unreadable-cursor",
                system=SYSTEM,
                what="The place where the last read stopped is unreadable.",
                next_step="Reset this poll's checkpoint: it then reads everything once.",
            )
        return Cursor(parts[0], int(parts[1]), parts[3], parts[2])
