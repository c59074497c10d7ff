"""What the deployment files say, read once."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="session")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


@pytest.fixture(scope="session")
def procfile() -> dict[str, str]:
    """The lines of the Procfile: the command of each process, for a shell."""
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines if line)}


@pytest.fixture
def celery_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which celeryconfig.py can be read, with nothing of the surrounding one in it."""
    for name in ("ERPSYNC_BROKER_URL", "ERPSYNC_TASK_SECONDS", "ERPSYNC_CONCURRENCY", "ERPSYNC_SWEEP_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ERPSYNC_REDIS_URL", "redis://127.0.0.1:6379/0")
    return monkeypatch
