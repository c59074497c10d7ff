"""What people may do, what it leaves behind, and what it refuses."""

import pytest

from erpsync.domain.ids import JobId
from erpsync.engine import operations
from erpsync.engine.operations import NotPossible
from erpsync.ledger import dead_letters
from erpsync.testing.barrier import together
from erpsync.testing.bench import Bench
from tests.engine.script import Script, newer, rejected, run_job, skip, unavailable, wanted


def audit(bench: Bench) -> list[tuple[str, str, str]]:
    rows = bench.rows("SELECT actor, action, subject, at FROM audit ORDER BY id")
    assert all(row["at"] == bench.clock.now() for row in rows)
    return [(row["actor"], row["action"], row["subject"]) for row in rows]


def closed_as(bench: Bench, letter_id: int) -> tuple[str | None, str | None]:
    with bench.database.begin() as connection:
        found = dead_letters.get(connection, letter_id)
    assert found is not None
    return found.closed_as, found.closed_by


def test_a_replayed_dead_letter_runs_its_job_again_with_all_its_attempts(bench: Bench, letter: int) -> None:
    operations.replay_dead_letter(bench.runtime, letter, "ada")
    assert (bench.job("1")["state"], bench.job("1")["attempts"]) == ("ready", 0)
    assert closed_as(bench, letter) == ("replayed", "ada")
    assert audit(bench) == [("ada", "replay", f"job {bench.job_id('1')}")]
    bench.work()
    assert (bench.job("1")["state"], bench.letters()) == ("done", [])


def test_a_replay_that_fails_again_is_a_new_dead_letter(bench: Bench, script: Script, letter: int) -> None:
    script.ends["1"] = rejected()
    operations.replay_dead_letter(bench.runtime, letter, "ada")
    bench.work()
    (again,) = bench.letters()
    assert again.id != letter
    assert again.job_id == bench.job_id("1")


def test_a_discarded_dead_letter_leaves_its_job_discarded(bench: Bench, letter: int) -> None:
    operations.discard_dead_letter(bench.runtime, letter, "grace")
    assert bench.job("1")["state"] == "discarded"
    assert closed_as(bench, letter) == ("discarded", "grace")
    assert audit(bench) == [("grace", "discard", f"dead letter {letter}")]
    newer(bench, "1", 9)
    bench.go_on(60)
    assert bench.job("1")["state"] == "discarded"


def test_a_discarded_job_is_replayed_when_somebody_thinks_better_of_it(bench: Bench, letter: int) -> None:
    operations.discard_dead_letter(bench.runtime, letter, "grace")
    operations.replay_job(bench.runtime, bench.job_id("1"), "ada")
    bench.work()
    assert bench.job("1")["state"] == "done"
    assert [entry[1] for entry in audit(bench)] == ["discard", "replay"]


@pytest.mark.parametrize("state", ["done", "skipped"])
def test_a_job_that_ended_well_is_replayed_on_demand(bench: Bench, script: Script, state: str) -> None:
    if state == "skipped":
        script.ends["1"] = skip()
    wanted(bench, "1")
    run_job(bench, "1")
    assert bench.job("1")["state"] == state
    operations.replay_job(bench.runtime, bench.job_id("1"), "ada")
    bench.work()
    assert script.together == [["1"], ["1"]]


def test_a_job_that_waits_or_runs_is_not_replayed(bench: Bench, script: Script) -> None:
    (job_id,) = wanted(bench, "1")
    with pytest.raises(NotPossible, match=f"Job {job_id} is not closed"):
        operations.replay_job(bench.runtime, job_id, "ada")
    script.during = lambda: _refused(bench, job_id)
    run_job(bench, "1")
    assert audit(bench) == []


def test_what_does_not_exist_is_neither_replayed_nor_discarded(bench: Bench) -> None:
    with pytest.raises(NotPossible, match="no such job"):
        operations.replay_job(bench.runtime, JobId(999), "ada")
    with pytest.raises(NotPossible, match="does not exist"):
        operations.replay_dead_letter(bench.runtime, 999, "ada")
    with pytest.raises(NotPossible, match="does not exist"):
        operations.discard_dead_letter(bench.runtime, 999, "ada")
    assert audit(bench) == []


@pytest.mark.parametrize("act", [operations.replay_dead_letter, operations.discard_dead_letter])
def test_a_closed_dead_letter_is_done_with(bench: Bench, letter: int, act: object) -> None:
    operations.replay_dead_letter(bench.runtime, letter, "ada")
    with pytest.raises(NotPossible, match="was replayed already"):
        act(bench.runtime, letter, "grace")  # type: ignore[operator]
    assert [entry[0] for entry in audit(bench)] == ["ada"]


def test_a_dead_letter_that_a_newer_version_superseded_does_not_touch_its_job(bench: Bench, letter: int) -> None:
    newer(bench, "1", 9)
    with pytest.raises(NotPossible, match="was superseded already"):
        operations.discard_dead_letter(bench.runtime, letter, "grace")
    assert bench.job("1")["state"] == "ready"


def test_a_dead_letter_of_a_task_can_only_be_discarded(bench: Bench) -> None:
    with bench.database.begin() as connection:
        of_task = dead_letters.add(
            connection, unavailable().problem, subject="task x", now=bench.clock.now(), task="erpsync.old"
        )
    with pytest.raises(NotPossible, match="reached no job"):
        operations.replay_dead_letter(bench.runtime, of_task, "ada")
    operations.discard_dead_letter(bench.runtime, of_task, "ada")
    assert closed_as(bench, of_task) == ("discarded", "ada")


def test_of_a_replay_and_a_discard_at_once_one_happens_and_the_other_is_told(bench: Bench, letter: int) -> None:
    futures = together(
        lambda: operations.replay_dead_letter(bench.runtime, letter, "ada"),
        lambda: operations.discard_dead_letter(bench.runtime, letter, "grace"),
    )
    errors = [type(future.exception()) for future in futures]
    assert errors.count(NotPossible) == 1
    assert len(audit(bench)) == 1
    assert bench.job("1")["state"] == ("discarded" if audit(bench)[0][1] == "discard" else "ready")


def test_an_action_and_its_audit_row_are_one_transaction(bench: Bench, letter: int) -> None:
    bench.wake.up = False
    operations.replay_dead_letter(bench.runtime, letter, "ada")
    assert bench.job("1")["state"] == "ready"
    assert len(audit(bench)) == 1


def _refused(bench: Bench, job_id: JobId) -> None:
    with pytest.raises(NotPossible):
        operations.replay_job(bench.runtime, job_id, "ada")
