"""Where the servers are that another process of the same user has started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from erpsync.servers.addresses import FILE, Addresses, find, published

BOTH = Addresses("postgresql://erpsync:sekret@127.0.0.1:5/erpsync", "redis://:sekret@127.0.0.1:6/0")
ROOT = Path(__file__).resolve().parents[2]
PUBLISHES = """
import sys, time
from pathlib import Path
from erpsync.servers.addresses import Addresses, published
with published(Path(sys.argv[1]), Addresses("postgresql://erpsync:sekret@127.0.0.1:5/erpsync")):
    print("published", flush=True)
    time.sleep(600)
"""


def test_they_are_found_while_the_process_runs_and_no_longer(tmp_path: Path) -> None:
    with published(tmp_path, BOTH):
        found = find(tmp_path)
        assert (found.addresses, found.why_not) == (BOTH, "")
        assert [file.name for file in tmp_path.iterdir()] == [FILE]
    assert list(tmp_path.iterdir()) == []
    assert find(tmp_path).why_not == f"no `erpsync up` with servers of its own runs on {tmp_path}"


def test_only_its_user_may_read_them_and_they_are_not_shown(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with published(tmp_path, BOTH):
            assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
    assert "sekret" not in repr(BOTH)


def test_another_process_finds_them_and_knows_the_file_of_one_that_was_killed(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", PUBLISHES, str(tmp_path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert other.stdout
        assert other.stdout.readline() == b"published\n"
        assert find(tmp_path).addresses == Addresses(BOTH.database_url)
    finally:
        other.kill()
        other.communicate()

    assert (tmp_path / FILE).exists()
    assert find(tmp_path).addresses == Addresses()
    assert find(tmp_path).why_not == (
        f"the `erpsync up` that wrote {tmp_path / FILE} was killed, and its servers ended with it"
    )
    with published(tmp_path, BOTH):  # what is left of it is in nobody's way
        assert find(tmp_path).addresses == BOTH


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_another_user_is_told_why_they_cannot_be_read(tmp_path: Path) -> None:
    with published(tmp_path, BOTH):
        (tmp_path / FILE).chmod(0)
        found = find(tmp_path)
    assert found.addresses == Addresses()
    assert found.why_not.startswith(f"only the user who runs `erpsync up` may read {tmp_path / FILE}")


def test_a_folder_that_is_none_is_one_without_servers(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "none"):
        assert find(folder).why_not.startswith("no `erpsync up`")


def test_no_server_no_file(tmp_path: Path) -> None:
    with published(tmp_path, Addresses()):
        assert list(tmp_path.iterdir()) == []
