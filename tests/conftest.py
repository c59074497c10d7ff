"""Fixtures for all tests."""

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest

from erpsync.ports.runtime import Tools

ROOT = Path(__file__).resolve().parent.parent


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of official API contracts, which may not be redistributed. Absent: skipped, visibly."""
    folder = Path(os.environ.get("ERPSYNC_CONTRACTS") or ROOT.parent / "shared" / "contracts")
    if not folder.is_dir():
        pytest.skip(f"no vendor contracts at {folder}; set ERPSYNC_CONTRACTS to a folder that has them")
    return folder


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    return Tools(
        clock=RealClock(), nonce=lambda: secrets.token_urlsafe(24), cache_directory=tmp_path_factory.mktemp("cache")
    )
