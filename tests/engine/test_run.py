"""Claim, run, record: how each ending of a run is written down."""

import pytest
import structlog
from sqlalchemy import Engine

from erpsync.domain.errors import TimeUp
from erpsync.domain.ids import JobId
from erpsync.engine import run
from erpsync.engine.run import Report
from erpsync.testing.bench import LEASE, Bench
from erpsync.testing.faults import WorkerKilled
from tests.engine.script import (
    Script,
    newer,
    rejected,
    run_job,
    skip,
    throttled,
    transient,
    unavailable,
    unknown,
    wanted,
)


def waits(bench: Bench, source_id: str = "1") -> float:
    """How many seconds until the job is due."""
    return float((bench.job(source_id)["due_at"] - bench.clock.now()).total_seconds())


def test_a_job_that_ends_well_is_done(bench: Bench, script: Script) -> None:
    wanted(bench, "1")
    assert run_job(bench) == Report(1)
    assert (bench.job("1")["state"], bench.job("1")["attempts"]) == ("done", 0)


def test_there_is_nothing_to_run_where_there_is_no_job_or_it_is_not_due(bench: Bench, script: Script) -> None:
    assert run.run(bench.runtime, JobId(12345)) == Report(0)
    wanted(bench, "1")
    run_job(bench)
    assert run_job(bench) == Report(0)
    assert script.together == [["1"]]


def test_a_run_takes_other_due_jobs_along_up_to_the_batch(bench: Bench, script: Script) -> None:
    script.batch = 3
    wanted(bench, "1", "2", "3", "4", "5")
    assert run_job(bench, "2").ran == 3
    assert script.together == [["2", "1", "3"]]
    assert [bench.job(n)["state"] for n in "12345"] == ["done", "done", "done", "ready", "ready"]


def test_the_end_of_a_run_wakes_the_next_so_that_a_backlog_drains_without_a_sweep(bench: Bench, script: Script) -> None:
    script.batch = 3
    wanted(bench, *"123456789")
    run_job(bench, "1")
    bench.work()
    assert {bench.job(n)["state"] for n in "123456789"} == {"done"}
    assert [len(batch) for batch in script.together] == [3, 3, 3]


def test_retries_come_after_5_10_20_40_seconds_and_the_fifth_failure_is_a_dead_letter(
    bench: Bench, script: Script
) -> None:
    script.ends["1"] = transient()
    wanted(bench, "1")
    delays = []
    for attempt in range(1, 5):
        report = run_job(bench)
        assert (bench.job("1")["state"], bench.job("1")["attempts"]) == ("ready", attempt)
        assert report == Report(1, again_in_seconds=waits(bench), again_code="hiccup")
        delays.append(waits(bench))
        bench.clock.advance(waits(bench) - 0.01)
        assert run_job(bench) == Report(0)
        bench.clock.advance(0.01)
    assert delays == [5, 10, 20, 40]
    assert bench.letters() == []
    report = run_job(bench)
    assert report.dead is not None
    assert (bench.job("1")["state"], bench.job("1")["attempts"]) == ("dead", 5)
    (letter,) = bench.letters()
    assert (letter.job_id, letter.code, letter.subject, letter.attempts) == (
        bench.job_id("1"),
        "hiccup",
        "orders #1",
        5,
    )
    assert bench.wake.take_dead_letters() == [letter.id]
    outcomes = [row["outcome"] for row in bench.rows(_RUNS)]
    assert outcomes == ["retry"] * 4 + ["dead"]


def test_the_dead_letter_of_an_exhausted_job_tells_a_person_what_to_do(bench: Bench, script: Script) -> None:
    script.ends["1"] = transient()
    wanted(bench, "1")
    while bench.job("1")["state"] == "ready":
        run_job(bench)
        bench.clock.advance(100)
    (letter,) = bench.letters()
    assert "Nothing" not in letter.next_step


def test_a_rejected_record_is_a_dead_letter_at_once_with_what_to_do(bench: Bench, script: Script) -> None:
    script.ends["1"] = rejected()
    wanted(bench, "1")
    report = run_job(bench)
    assert report.dead == rejected().problem
    assert bench.job("1")["attempts"] == 1
    (letter,) = bench.letters()
    assert (letter.code, letter.problem, letter.next_step) == (
        "refused",
        "order #1: The ERP refuses it.",
        "Correct it.",
    )
    assert bench.wake.take_dead_letters() == [letter.id]


def test_a_dead_letter_whose_message_is_lost_is_routed_by_the_sweep(bench: Bench, script: Script) -> None:
    script.ends["1"] = rejected()
    wanted(bench, "1")
    bench.wake.up = False
    run_job(bench)
    bench.wake.up = True
    bench.sweep()
    assert bench.wake.take_dead_letters() == [letter.id for letter in bench.letters()]


def test_a_record_with_nothing_to_do_is_skipped_with_its_reason(bench: Bench, script: Script) -> None:
    script.ends["1"] = skip()
    wanted(bench, "1")
    assert run_job(bench) == Report(1)
    row = bench.job("1")
    assert (row["state"], row["problem_code"], row["problem"]) == ("skipped", "not-wanted", "Nobody wants it.")


def test_one_bad_record_is_isolated_never_its_batch(bench: Bench, script: Script) -> None:
    script.ends |= {"2": rejected(), "3": transient(), "4": skip()}
    wanted(bench, *"12345")
    run_job(bench, "1")
    assert [bench.job(n)["state"] for n in "12345"] == ["done", "dead", "ready", "skipped", "done"]
    assert [letter.job_id for letter in bench.letters()] == [bench.job_id("2")]


def test_a_throttled_job_waits_as_long_as_asked_and_spends_no_attempt(bench: Bench, script: Script) -> None:
    script.raises["1"] = throttled(90)
    wanted(bench, "1")
    for _ in range(8):
        report = run_job(bench)
        assert report.again_in_seconds == waits(bench) == 90
        bench.clock.advance(90)
    assert (bench.job("1")["attempts"], bench.letters()) == (0, [])


def test_a_write_of_unknown_outcome_settles_before_it_is_looked_up_and_then_runs_alone(
    bench: Bench, script: Script
) -> None:
    script.raises["1"] = unknown(120)
    wanted(bench, "1", "2")
    run_job(bench, "1")
    assert [waits(bench, n) for n in "12"] == [120, 120]
    assert [bench.job(n)["attempts"] for n in "12"] == [1, 1]
    bench.clock.advance(120)
    run_job(bench, "2")
    assert script.together == [["1", "2"], ["2", "1"]]
    bench.clock.advance(120)
    del script.raises["1"]
    run_job(bench, "1")
    run_job(bench, "2")
    assert script.together[2:] == [["1"], ["2"]]


def test_after_an_unexpected_error_in_a_batch_of_three_each_runs_alone(bench: Bench, script: Script) -> None:
    script.raises["2"] = ZeroDivisionError("a bug")
    wanted(bench, "1", "2", "3")
    run_job(bench, "1")
    assert [bench.job(n)["attempts"] for n in "123"] == [1, 1, 1]
    assert {bench.job(n)["problem_code"] for n in "123"} == {"unexpected-error"}
    bench.go_on(120)
    assert script.together[0] == ["1", "2", "3"]
    assert all(len(batch) == 1 for batch in script.together[1:])
    assert [bench.job(n)["state"] for n in "123"] == ["done", "dead", "done"]
    (letter,) = bench.letters()
    assert (letter.job_id, letter.code, letter.attempts) == (bench.job_id("2"), "unexpected-error", 5)


def test_an_unexpected_error_leaves_its_trace_in_the_log_and_not_its_text_in_the_ledger(
    bench: Bench, script: Script
) -> None:
    error = ValueError("ada@example.com")
    script.raises["1"] = error
    wanted(bench, "1")
    with structlog.testing.capture_logs() as logs:
        run_job(bench)
    (line,) = [line for line in logs if line["event"] == "job.retry"]
    assert (line["exc_info"], line["job_id"], line["attempt"]) == (error, bench.job_id("1"), 1)
    assert "ada@" not in str(bench.job("1")) + str(bench.rows(_RUNS))


def test_a_run_whose_time_is_up_says_so_in_one_line_and_each_of_its_records_runs_alone(
    bench: Bench, script: Script
) -> None:
    bench.settle_seconds = 120
    script.raises["2"] = TimeUp()
    wanted(bench, "1", "2")
    with structlog.testing.capture_logs() as logs:
        report = run_job(bench, "1")
    assert (report.again_in_seconds, report.again_code) == (120, "took-too-long")  # a write may be under way
    assert [(line["event"], line["code"], line["exc_info"]) for line in logs] == [
        ("job.retry", "took-too-long", None)
    ] * 2
    assert "ERPSYNC_TASK_SECONDS" in bench.job("1")["next_step"]
    bench.go_on(900)
    assert script.together[0] == ["1", "2"]
    assert all(len(batch) == 1 for batch in script.together[1:])
    assert [bench.job(n)["state"] for n in "12"] == ["done", "dead"]
    assert bench.rows("SELECT name FROM connections WHERE paused_at IS NOT NULL") == []


def test_the_end_of_a_runs_time_is_no_failure_of_one_record_after_which_the_others_go_on(database: Engine) -> None:
    bench = Bench(database)
    wanted(bench, "1", "2")
    asked = []

    def strike(operation: str) -> None:
        asked.append(operation)
        if operation == "create_orders":
            raise TimeUp

    bench.erp.faults.on_arrival = strike
    run_job(bench, "1")
    assert asked[-1] == "create_orders"
    assert {bench.job(n)["problem_code"] for n in "12"} == {"took-too-long"}


def test_a_database_that_breaks_off_under_a_flow_is_no_unexpected_error(bench: Bench, script: Script) -> None:
    script.during = lambda: bench.rows("SELECT pg_terminate_backend(pg_backend_pid())")
    wanted(bench, "1")
    with structlog.testing.capture_logs() as logs:
        run_job(bench)
    (line,) = [line for line in logs if line["event"] == "job.retry"]
    assert (line["code"], line["exc_info"]) == ("ledger-unreachable", None)
    script.during = None
    bench.go_on(30)
    assert bench.job("1")["state"] == "done"


def test_a_statement_that_the_database_refuses_is_an_unexpected_error(bench: Bench, script: Script) -> None:
    # As a statement that takes too long ends, and sooner.
    script.during = lambda: bench.rows("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(60)")
    wanted(bench, "1")
    run_job(bench)
    assert bench.job("1")["problem_code"] == "unexpected-error"


def test_a_record_that_the_flow_gives_no_answer_for_is_tried_again(bench: Bench, script: Script) -> None:
    script.silent = {"2"}
    wanted(bench, "1", "2")
    run_job(bench, "1")
    assert bench.job("1")["state"] == "done"
    assert (bench.job("2")["state"], bench.job("2")["problem_code"]) == ("ready", "unexpected-error")


def test_a_job_whose_route_is_gone_is_a_dead_letter(bench: Bench, script: Script) -> None:
    wanted(bench, "1")
    del bench.flows["orders"]
    run_job(bench)
    (letter,) = bench.letters()
    assert (letter.code, letter.job_id) == ("no-route", bench.job_id("1"))


def test_companions_that_failed_are_called_again_when_they_are_due(bench: Bench, script: Script) -> None:
    """The asked job's own task repeats itself; the others have no task that would."""
    script.ends["2"] = transient()
    wanted(bench, "1", "2")
    run_job(bench, "1")
    assert bench.wake.take_jobs() == []
    bench.clock.advance(5)
    assert [call.job_id for call in bench.wake.take_jobs()] == [bench.job_id("2")]


def test_a_record_that_moves_during_its_run_is_run_again_at_once(bench: Bench, script: Script) -> None:
    wanted(bench, "1")
    script.during = lambda: _once(script, lambda: newer(bench, "1", 1))
    run_job(bench, "1")
    assert bench.job("1")["state"] == "ready"
    bench.work()
    assert (bench.job("1")["state"], script.together) == ("done", [["1"], ["1"]])


def test_a_record_that_moves_while_it_is_rejected_is_no_dead_letter_and_is_not_reported_dead(
    bench: Bench, script: Script
) -> None:
    script.ends["1"] = rejected()
    wanted(bench, "1")
    script.during = lambda: _once(script, lambda: newer(bench, "1", 1))
    report = run_job(bench, "1")
    assert (bench.job("1")["state"], bench.letters()) == ("ready", [])
    assert report.dead is None
    del script.ends["1"]
    bench.work()
    assert bench.job("1")["state"] == "done"


def test_a_worker_that_lost_its_claim_changes_nothing_and_reports_nothing(bench: Bench, script: Script) -> None:
    wanted(bench, "1")
    script.ends["1"] = rejected()

    def overtaken() -> None:
        bench.clock.advance(LEASE.total_seconds())
        bench.sweep()
        bench.clock.advance(5)
        del script.ends["1"]
        run.run(bench.worker("worker-2"), bench.job_id("1"))
        script.ends["1"] = rejected()

    script.during = lambda: _once(script, overtaken)
    report = run_job(bench, "1")
    assert (bench.job("1")["state"], bench.letters()) == ("done", [])
    assert report.dead is None


@pytest.mark.parametrize(
    "error", [unavailable(), transient(), rejected(), ValueError("x")], ids=lambda e: type(e).__name__
)
def test_what_a_flow_raises_concerns_all_of_its_records(bench: Bench, script: Script, error: Exception) -> None:
    script.raises["2"] = error
    wanted(bench, "1", "2", "3")
    run_job(bench, "1")
    assert len({bench.job(n)["problem_code"] for n in "123"}) == 1
    assert len({bench.job(n)["state"] for n in "123"}) == 1


def test_a_throttled_remote_is_left_alone_until_the_time_it_asked_for(bench: Bench, script: Script) -> None:
    """A backlog that goes on knocking, each job once, is what keeps a remote throttled."""
    script.batch = 1
    wanted(bench, *[str(n) for n in range(1, 21)])
    script.raises = {str(n): throttled(60) for n in range(1, 21)}
    run_job(bench, "1")
    bench.go_on(50)
    assert len(script.together) <= 3


def test_a_worker_that_is_killed_leaves_its_claim_to_the_lease(bench: Bench, script: Script) -> None:
    wanted(bench, "1")
    script.raises["1"] = WorkerKilled()
    with pytest.raises(WorkerKilled):
        run_job(bench)
    assert (bench.job("1")["state"], bench.job("1")["attempts"]) == ("running", 1)
    del script.raises["1"]
    bench.clock.advance(LEASE.total_seconds() - 1)
    assert bench.sweep().abandoned == 0
    bench.clock.advance(1)
    assert bench.sweep().abandoned == 1
    assert (bench.job("1")["state"], bench.job("1")["problem_code"], waits(bench)) == ("ready", "worker-died", 5)
    bench.go_on(20)
    assert bench.job("1")["state"] == "done"


def test_a_record_that_kills_five_workers_is_a_dead_letter_and_its_companions_survive(
    bench: Bench, script: Script
) -> None:
    wanted(bench, "1", "2", "3")
    script.raises["2"] = WorkerKilled()
    bench.go_on(60 * 60)
    assert [bench.job(n)["state"] for n in "123"] == ["done", "dead", "done"]
    (letter,) = bench.letters()
    assert (letter.job_id, letter.code, letter.attempts) == (bench.job_id("2"), "worker-died", 5)
    assert bench.wake.take_dead_letters()[0] == letter.id
    assert script.together.count(["2"]) == 4


def _once(script: Script, work: object) -> None:
    script.during = None
    work()  # type: ignore[operator]


_RUNS = "SELECT * FROM runs ORDER BY id"
