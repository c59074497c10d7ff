"""A process that starts servers and a child with a stubborn grandchild, says so, and waits to be ended. It listens to
Ctrl-C even where the tests were started in the background, where that is ignored.

Run by the tests: parent.py FOLDER [--with-servers]
"""

import signal
import sys
import time
from pathlib import Path

from erpsync.servers.launcher import ensure
from erpsync.servers.processes import Child, Command, Guardian

# The grandchild leaves the child's session and ignores every polite signal; the child ignores the terminal's.
GRANDCHILD = """
import os, signal, time
for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
os.setsid()
open({mark!r}, "w").close()
time.sleep(600)
"""
CHILD = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {grandchild!r}])
time.sleep(600)
"""


def main(folder: Path, with_servers: bool) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    mark = folder / "grandchild"
    mark.unlink(missing_ok=True)
    code = CHILD.format(grandchild=GRANDCHILD.format(mark=str(mark)))
    given = None if with_servers else "given"
    with Guardian() as guardian, ensure(given, given, folder / "home", fast=True, guardian=guardian):
        child = Child("worker", Command((sys.executable, "-c", code), stop_signal=signal.SIGHUP), guardian)
        child.start()
        try:
            while not mark.exists():
                time.sleep(0.02)
            (folder / "started").touch()
            time.sleep(600)
        finally:
            child.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--with-servers" in sys.argv)
