"""Ends the children of a process that died without ending them itself.

Run as a file, ``python -I -S guardian.py PARENT``, so that it needs neither this package nor any other.
It reads lines from standard input, a pipe whose other end only the parent holds::

    +PID SIGNAL MARK     watch the process PID; SIGNAL asks it to stop; its descendants carry MARK
    -PID                 forget it: it has ended

When the pipe closes or the parent is gone, whatever the reason, every watched process is asked to stop,
given GRACE_SECONDS, and killed together with all its descendants. The parent-death signal of Linux alone
would not do: it reaches the direct child only, and what that child has started outlives it.

The functions on process families are used by the parent as well.
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

# A variable in the environment of every child, which all it starts inherit.
MARK = "ERPSYNC_CHILD"
GRACE_SECONDS = 5.0  # between asking and killing, once the parent is dead
KILL_SECONDS = 10.0  # a killed process can linger in the kernel; waiting longer helps nobody
POLL_SECONDS = 0.02
PARENT_SECONDS = 1.0  # how often the parent is looked for, beside the pipe


@dataclass(frozen=True)
class Process:
    """One row of the process table. `started` (clock ticks since boot) tells a reused id from the first."""

    pid: int
    started: int
    parent: int = field(compare=False)
    group: int = field(compare=False)
    session: int = field(compare=False)


@dataclass(frozen=True)
class Watched:
    """A process to end with the parent. `process` is None when it had ended before it was looked at."""

    process: Process | None
    stop_signal: int
    mark: str


def process_of(pid: int) -> Process | None:
    """The living process of that id; None when there is none, when it is a zombie, or without /proc."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    # The name, in parentheses, may itself hold spaces and parentheses: count from the last one.
    fields = text.rpartition(b")")[2].split()
    if len(fields) < 20 or fields[0] in (b"Z", b"X"):
        return None
    return Process(pid, int(fields[19]), int(fields[1]), int(fields[2]), int(fields[3]))


def family(leaders: Mapping[int, str], known: Collection[Process] = ()) -> set[Process]:
    """The living among: the leaders, their sessions and groups, all descendants, who carries a mark, and `known`.

    `leaders` maps process ids to marks, which may be empty. Each of these finds what the others miss: a
    descendant may have a session of its own, as PostgreSQL's processes do; one whose parent has died is no
    longer seen as a descendant; and a title can overwrite the environment. The caller makes sure that a leader's
    id has not been given to another process.
    """
    living = _living()
    marks = tuple(mark for mark in leaders.values() if mark)
    found = {process for process in living if process in known or _carries(process, marks)}
    inside = set(leaders) | {process.pid for process in found}
    while True:
        more = {p for p in living - found if inside & {p.pid, p.parent, p.group, p.session}}
        if not more:
            return found
        found |= more
        inside |= {process.pid for process in more}


def holders(path: str) -> set[Process]:
    """The living that have the file open, as far as they can be looked into."""
    return {process for process in _living() if path in _open_files(process)}


def send(pid: int, number: int) -> None:
    """Send a signal; that the process is already gone, or another user's by now, is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def kill_family(leaders: Mapping[int, str], known: Collection[Process] = ()) -> bool:
    """Kill the leaders' families and wait until they are gone; False when one outlives KILL_SECONDS."""
    if not os.path.isdir("/proc/self"):  # not Linux: the group is what can be named
        for leader in leaders:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(leader, signal.SIGKILL)
        return True
    members = family(leaders, known)
    deadline = time.monotonic() + KILL_SECONDS
    while members and time.monotonic() < deadline:
        for member in members:
            send(member.pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
        members = family(leaders, members)
    return not members


def main(arguments: list[str]) -> int:
    """Watch until the parent is gone, then end what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # whoever stops the parent's group must not disarm it
    watched: dict[int, Watched] = {}
    for line in _lines(int(arguments[1])):
        words = line[1:].split()
        pid = int(words[0])
        if line[0] == "+":
            watched[pid] = Watched(process_of(pid), int(words[1]), words[2])
        else:
            watched.pop(pid, None)
    _end(watched)
    return 0


def _living() -> set[Process]:
    try:
        names = os.listdir("/proc")
    except OSError:
        return set()
    return {process for name in names if name.isdigit() and (process := process_of(int(name)))}


def _carries(process: Process, marks: tuple[str, ...]) -> bool:
    if not marks:
        return False
    try:
        with open(f"/proc/{process.pid}/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except OSError:
        return False
    return any(f"{MARK}={mark}".encode() in variables for mark in marks)


def _open_files(process: Process) -> set[str]:
    folder = f"/proc/{process.pid}/fd"
    files = set()
    with contextlib.suppress(OSError):  # another user's, or gone
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                files.add(os.readlink(f"{folder}/{name}"))
    return files


def _lines(parent: int) -> Iterable[str]:
    """Lines from the pipe, until it closes or the parent is gone.

    The parent is looked at too because a process it forked without exec holds the pipe open.
    """
    rest = b""
    while True:
        orphaned = os.getppid() != parent
        if select.select([0], [], [], 0 if orphaned else PARENT_SECONDS)[0]:
            read = os.read(0, 65536)
            if not read:
                return
            *lines, rest = (rest + read).split(b"\n")
            yield from (line.decode() for line in lines)
        elif orphaned:
            return


def _end(watched: Mapping[int, Watched]) -> None:
    """Ask all to stop, the last started first, and kill whatever remains."""
    leaders = {pid: watch.mark for pid, watch in watched.items() if _same(watch.process, process_of(pid))}
    members = family(leaders)
    for pid in reversed(leaders):
        send(pid, watched[pid].stop_signal)
        send(pid, signal.SIGCONT)  # a frozen process sees the other signal only once it runs
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and any(_alive(pid) for pid in leaders):
        time.sleep(POLL_SECONDS)
    kill_family(leaders, members)


def _same(first: Process | None, now: Process | None) -> bool:
    """Whether the id still means the process watched, or one that has ended and may have left others."""
    return now is None or first is None or now == first


def _alive(pid: int) -> bool:
    if os.path.isdir("/proc/self"):
        return process_of(pid) is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv))
