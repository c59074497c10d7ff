"""The command line as a person's shell runs it."""

import io
import json
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from erpsync.cli import main
from tests.cli import everything
from tests.cli.everything import Seeded


@dataclass(frozen=True)
class Ran:
    """What a command line came to."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)


Run = Callable[..., Ran]


@pytest.fixture
def closed_port() -> int:
    """A port on loopback where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port on loopback that accepts and never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        yield int(silent.getsockname()[1])


@pytest.fixture
def surroundings(
    database_url: str, closed_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """A database of the test's own, a configuration without connections, and a broker that is down."""
    configuration = tmp_path / "erpsync.toml"
    configuration.write_text("")
    monkeypatch.setenv("ERPSYNC_DATABASE_URL", database_url)
    monkeypatch.setenv("ERPSYNC_REDIS_URL", f"redis://:broker-sekret@127.0.0.1:{closed_port}/0")
    monkeypatch.delenv("ERPSYNC_BROKER_URL", raising=False)
    monkeypatch.setenv("ERPSYNC_CONFIG", str(configuration))
    monkeypatch.setenv("ERPSYNC_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COLUMNS", raising=False)
    return monkeypatch


@pytest.fixture
def run(surroundings: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs a command line in this process, on the surroundings above, with nobody at a terminal."""

    def command_line(*arguments: str) -> Ran:
        surroundings.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Ran(int(ended.value.code or 0), out.decode("utf-8", "surrogateescape"), err.decode())

    return command_line


@pytest.fixture
def seeded(database: Engine) -> Seeded:
    return everything.seed(database)
