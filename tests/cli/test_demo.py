"""`erpsync demo --exit`, whole: it counts by the sandbox's own records, and leaves no process behind."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# An upper limit, for a machine that is slow and busy: it takes half a minute.
WHOLE_SECONDS = 900


@pytest.fixture
def home() -> Iterator[Path]:
    """Where the servers' user may pass through, which pytest's own folders are not when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="erpsync-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def _counted(table: str, what: str) -> int:
    [found] = re.findall(rf"│ {re.escape(what)} +│ +(\d+) │", table)
    return int(found)


def _processes_of(folder: Path) -> list[bytes]:
    """The command lines of all that run with something of the folder, in their arguments or their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:  # another user's, or gone
            continue
        if str(folder).encode() in command + environment:
            found.append(command)
    return found


def test_every_order_is_in_the_erp_once_or_a_dead_letter_and_nothing_is_left_running(home: Path) -> None:
    outer = {name: value for name, value in os.environ.items() if not name.startswith("ERPSYNC_")}
    ran = subprocess.run(
        [sys.executable, "-m", "erpsync", "demo", "--exit", "--orders", "20"],
        cwd=home,
        env=outer | {"PYTHONPATH": str(ROOT), "ERPSYNC_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WHOLE_SECONDS,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert _counted(ran.stdout, "in the ERP exactly once, with the store's total") == 19
    assert _counted(ran.stdout, "dead letters") == 1
    for trouble in ("in the ERP more than once", "in the ERP with another total", "missing"):
        assert _counted(ran.stdout, trouble) == 0
    assert _counted(ran.stdout, "creates done by the ERP whose reply was lost") == 1
    assert _counted(ran.stdout, "requests cut off while the ERP was down for 10 s") > 0
    assert "(unknown-sku)" in ran.stdout
    assert "Next: Create the item in NetSuite" in ran.stdout
    assert _processes_of(home) == []
    # On a slow machine a poll would come due meanwhile, and begin all orders anew.
    [route] = tomllib.loads((home / "demo" / "erpsync.toml").read_text())["routes"]
    assert route["poll_seconds"] == 0
