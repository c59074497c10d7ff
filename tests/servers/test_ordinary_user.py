"""The same tests for an ordinary user, when root runs them."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from erpsync.servers.accounts import Account, reaches, server_account

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TESTS = (
    "test_postgres.py::test_data_survives_a_stop_and_a_crash_and_a_new_server_object",
    "test_redis.py::test_what_is_written_survives_a_stop_and_a_kill",
    "test_processes.py::test_nothing_outlives_the_kill_of_the_parents_whole_group",
    "test_supervisor.py::test_a_process_that_ends_is_started_again_and_the_others_are_left_alone",
)


def interpreter(account: Account) -> str:
    """A Python of this version that the account can run: the one in use may lie below /root."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (Path(sys.executable), Path("/usr/bin") / name, Path("/usr/local/bin") / name):
        if candidate.exists() and reaches(account, candidate):
            return str(candidate)
    pytest.skip(f"user {account.name} can run no {name} here")


@pytest.mark.skipif(os.geteuid() != 0, reason="already an ordinary user")
def test_it_works_for_an_ordinary_user_too(place: Path) -> None:
    account = server_account()
    assert account
    if not reaches(account, ROOT):
        pytest.skip(f"user {account.name} cannot reach {ROOT}")
    os.chown(place, account.uid, account.gid)
    # The Redis client imports this module on Python below 3.11.3, where it is installed; the interpreter found may be
    # older than the one the packages were installed for. Only its asynchronous half uses it.
    (place / "async_timeout.py").write_text("timeout = None\n")
    run = subprocess.run(
        [interpreter(account), "-m", "pytest", "-q", "-p", "no:cacheprovider", *(str(HERE / test) for test in TESTS)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd=ROOT,
        env={
            "HOME": str(place),
            "TMPDIR": str(place),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib"), str(place)]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "5 passed" in run.stdout
