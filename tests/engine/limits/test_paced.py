"""What a limiter puts back waits in the ledger, and keeps nobody else waiting."""

from datetime import timedelta

import pytest

from erpsync.domain.errors import Paced, Throttled
from erpsync.domain.states import JobState
from erpsync.ledger import connections
from erpsync.testing.bench import Bench
from tests.engine.script import Script, run_job, wanted


def quiet(bench: Bench) -> set[str]:
    with bench.database.connect() as connection:
        return {row.name for row in connections.everyone(connection) if row.quiet_until is not None}


@pytest.mark.parametrize(("error", "quieted"), [(Paced, set()), (Throttled, {"erp"})])
def test_our_own_limit_leaves_the_connection_open_and_the_remotes_word_does_not(
    bench: Bench, script: Script, error: type[Throttled], quieted: set[str]
) -> None:
    wanted(bench, "1")
    script.raises["1"] = error("paced", system="erp", what="As much is asked already.", retry_after_seconds=40.0)
    run_job(bench)
    job = bench.job("1")
    assert (job["state"], job["attempts"]) == (JobState.READY, 0)
    assert job["due_at"] - bench.clock.now() == timedelta(seconds=40)
    assert quiet(bench) == quieted
