"""The key that signs sessions."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from erpsync.domain.errors import ConfigurationError
from erpsync.web.console.signing import signing_key


def test_it_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    key = signing_key(home)
    assert len(key) >= 32
    assert signing_key(home) == key
    assert (home / "signing.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir()] == ["signing.key"]


def test_processes_that_start_together_agree_on_one(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def start(_: int) -> str:
        together.wait(60)
        return signing_key(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [("k" * 64, 0o644, "read by others"), ("k" * 64, 0o640, "read by others"), ("", 0o600, "cut short")],
)
def test_a_key_that_protects_nobody_is_refused(tmp_path: Path, content: str, mode: int, words: str) -> None:
    path = tmp_path / "signing.key"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=words):
        signing_key(tmp_path)
