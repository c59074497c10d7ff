"""What a supervisor tells others about its processes: a JSON file, whole at any moment."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from erpsync.servers.locks import is_held

STATUS_FILE = "processes.json"
LOCK_FILE = "supervisor.lock"


@dataclass(frozen=True)
class ProcessState:
    """One process. `state` is running, waiting (to be started again) or stopped; `last_exit` is its latest exit
    code, minus the signal if one ended it."""

    name: str
    state: str
    pid: int | None
    restarts: int
    up_since: datetime | None
    last_exit: int | None


def write_status(directory: Path, states: Sequence[ProcessState]) -> None:
    """Replace the file in `directory`."""
    fresh = directory / f"{STATUS_FILE}.new"
    rows = [asdict(state) | {"up_since": state.up_since and state.up_since.isoformat()} for state in states]
    fresh.write_text(json.dumps({"processes": rows}, indent=1) + "\n", encoding="utf-8")
    fresh.replace(directory / STATUS_FILE)


def read_status(directory: Path) -> tuple[ProcessState, ...]:
    """The processes of the supervisor that runs on `directory`; none when no supervisor does.

    A supervisor that was killed leaves its file, but not its lock.
    """
    if not is_held(directory / LOCK_FILE):
        return ()
    try:
        rows = json.loads((directory / STATUS_FILE).read_text(encoding="utf-8"))["processes"]
    except FileNotFoundError:
        return ()
    return tuple(
        ProcessState(**row | {"up_since": row["up_since"] and datetime.fromisoformat(row["up_since"])}) for row in rows
    )
