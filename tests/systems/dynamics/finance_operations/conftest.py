"""A simulated company of F&O for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systems.dynamics.finance_operations.stand import MovableClock, World, world


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def fo(tmp_path: Path, clock: MovableClock) -> Iterator[World]:
    """Numbers are ours."""
    with world(tmp_path, clock) as found:
        yield found


@pytest.fixture
def numbered(tmp_path: Path, clock: MovableClock) -> Iterator[World]:
    """F&O numbers orders and customers."""
    with world(tmp_path, clock, manual_numbers=False, manual_accounts=False) as found:
        yield found
