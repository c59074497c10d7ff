"""The backlog is looked through once, whatever PostgreSQL believes of it."""

from erpsync.ledger import backlog
from tests.ledger.desk import Desk

JOBS = 500
# The plan that a planner without statistics has chosen: the backlog is looked through again for each of its jobs, in
# minutes. Looked through once, it takes milliseconds.
_ERRING = ("enable_hashjoin", "enable_mergejoin", "enable_material", "enable_hashagg", "enable_sort")


def test_workers_are_called_to_a_long_backlog_however_the_planner_errs(desk: Desk) -> None:
    for number in range(JOBS):
        desk.want(str(number))
    desk.advance(60)
    with desk.database.begin() as connection:
        for setting in _ERRING:
            connection.exec_driver_sql(f"SET LOCAL {setting} = off")
        calls = backlog.due(connection, 100, desk.now, desk.now)
    assert len(calls) == 100
