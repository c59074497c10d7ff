"""The last steps of a new child, between fork and the program it is to become.

Run as a file, ``python -I -S enter.py ORDER PROGRAM ARGUMENT...``, ORDER being JSON. A process of its own
does here what `subprocess` offers as `preexec_fn`, which is unsafe beside threads. The order of the steps
matters:

1. Tell the guardian, so that there is no moment at which a child exists that nobody would end.
2. Give up root.
3. Hear the polite signals again, which a shell's `&` and nohup have ignored in the parent: exec passes that on, and
   what does not listen cannot be asked to stop. A child has a session of its own, where no terminal's reach it.
4. Ask for the parent-death signal: a change of user clears it (prctl(2), PR_SET_PDEATHSIG).
5. See that the parent still lives: had it died before step 4, no signal would ever come.
"""

import ctypes
import json
import os
import signal
import sys
from typing import TypedDict

PR_SET_PDEATHSIG = 1
POLITE = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
CANNOT_START = 126  # what a shell answers for a program that cannot be run

# A server needs nothing from its starter's environment, which can hold the credentials of remote systems.
BARE_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": "UTC"}


class Order(TypedDict):
    """What the parent asks for. `death_signal` 0 is none; `user` is uid and gid; `mark` a variable and its
    value that the child and all it starts will have in their environment."""

    parent: int
    guardian: int
    stop_signal: int
    death_signal: int
    user: tuple[int, int] | None
    bare: bool
    mark: tuple[str, str]


def main(arguments: list[str]) -> int:
    """Take the steps and become the program; come back only when that fails."""
    order: Order = json.loads(arguments[1])
    program = arguments[2:]
    try:
        _prepare(order)
        if os.getppid() != order["parent"]:
            return CANNOT_START
        name, value = order["mark"]
        if order["bare"]:
            os.execve(program[0], program, {**BARE_ENVIRONMENT, name: value})  # noqa: S606 - a shell is what is not wanted
        os.putenv(name, value)
        os.execv(program[0], program)  # noqa: S606
    except OSError as error:
        sys.stderr.write(f"{program[0]} cannot be started: {error.strerror}\n")
    return CANNOT_START


def _prepare(order: Order) -> None:
    os.write(order["guardian"], f"+{os.getpid()} {order['stop_signal']} {order['mark'][1]}\n".encode())
    os.close(order["guardian"])
    if order["user"]:
        uid, gid = order["user"]
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    for number in POLITE:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if order["death_signal"]:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, order["death_signal"], 0, 0, 0)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores both, and an exec would pass that on


if __name__ == "__main__":
    sys.exit(main(sys.argv))
