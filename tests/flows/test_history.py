"""What of a connection's past is read in one go."""

from datetime import UTC, datetime, timedelta

import pytest

from erpsync.domain.ids import ConnectionName
from erpsync.flows import history
from erpsync.ports.backfill import Past

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def windows(length: timedelta, flow: str = "orders") -> list[tuple[datetime | None, datetime]]:
    return history.windows(Past(flow, ConnectionName("shop"), None, NEW_YEAR, NEW_YEAR + length))


@pytest.mark.parametrize(
    ("length", "number"),
    [
        (timedelta(days=31), 31),
        (timedelta(days=3650), history.MOST_WINDOWS),
        (timedelta(days=1), history.FEWEST_WINDOWS),
        (timedelta(hours=3), 3),
        (timedelta(seconds=1), 1),
    ],
    ids=str,
)
def test_orders_are_cut_into_a_reasonable_number_of_windows(length: timedelta, number: int) -> None:
    assert len(windows(length)) == number


@pytest.mark.parametrize("seconds", [1, 59, 3_600, 86_399, 100_003, 12_345_678])
def test_no_second_is_left_out_or_in_two_windows(seconds: int) -> None:
    cut = windows(timedelta(seconds=seconds))
    assert cut[0][0] == NEW_YEAR
    assert cut[-1][1] == NEW_YEAR + timedelta(seconds=seconds)
    assert [begin for begin, _ in cut[1:]] == [end for _, end in cut[:-1]]
    assert all(begin is not None and begin < end and begin.microsecond == 0 for begin, end in cut)


def test_what_a_system_does_not_tell_by_time_is_read_in_one_go() -> None:
    assert windows(timedelta(days=31), "customers") == [(NEW_YEAR, NEW_YEAR + timedelta(days=31))]
