"""What a run leaves behind, and that every move of a job is a legal one."""

import pytest
from sqlalchemy import text

from erpsync.domain.errors import Problem
from erpsync.domain.retry import Outcome, Verdict
from erpsync.domain.states import JobState, is_legal
from erpsync.ledger import jobs, runs
from tests.ledger.desk import PROBLEM, Desk


def test_a_run_that_ended_well_leaves_a_clean_job_and_its_history(desk: Desk) -> None:
    job_id = desk.ready("1")
    desk.put_back(desk.claim_one(job_id), delay=0)
    assert desk.finish(desk.claim_one(job_id))
    row = desk.job(job_id)
    assert (row["state"], row["attempts"], row["done_revision"]) == ("done", 0, 1)
    assert row["claimed_by"] is row["lease_until"] is row["problem_code"] is row["problem"] is row["next_step"] is None
    first, second = desk.rows("SELECT * FROM runs ORDER BY id")
    assert (first["outcome"], first["problem_code"], first["attempt"]) == ("retry", "odd", 1)
    assert (second["outcome"], second["problem_code"], second["note"], second["attempt"]) == ("done", None, "done", 2)


def test_a_skipped_job_says_why(desk: Desk) -> None:
    claim = desk.claim_one(desk.ready("1"))
    with desk.database.begin() as connection:
        assert runs.finish(connection, claim, JobState.SKIPPED, PROBLEM, PROBLEM.what, desk.now)
    row = desk.job(claim.job_id)
    assert (row["state"], row["problem_code"], row["problem"]) == ("skipped", "odd", "It is odd.")


def test_a_failed_run_spends_its_attempt_and_a_wait_gives_it_back(desk: Desk) -> None:
    job_id = desk.ready("1")
    desk.put_back(desk.claim_one(job_id))
    assert desk.job(job_id)["attempts"] == 1
    for _ in range(12):
        claim = desk.claim_one(job_id)
        assert claim.attempt == 2
        desk.put_back(claim, spends=False)
    assert desk.job(job_id)["attempts"] == 1


def test_a_job_that_is_put_back_waits_as_long_as_told_and_shows_its_problem(desk: Desk) -> None:
    job_id = desk.ready("1")
    desk.put_back(desk.claim_one(job_id), delay=40)
    row = desk.job(job_id)
    assert (row["due_at"] - desk.now).total_seconds() == 40
    assert (row["problem_code"], row["problem"], row["next_step"]) == ("odd", "order #1: It is odd.", "Look at it.")


def test_alone_stays_until_the_job_ends_well(desk: Desk) -> None:
    job_id = desk.ready("1")
    desk.put_back(desk.claim_one(job_id), alone=True)
    desk.put_back(desk.claim_one(job_id), alone=False)
    assert desk.job(job_id)["alone"]
    desk.finish(desk.claim_one(job_id))
    assert not desk.job(job_id)["alone"]


def test_a_dead_job_has_its_dead_letter_with_all_that_a_person_needs(desk: Desk) -> None:
    job_id, letter_id = desk.dead("1")
    letter = desk.one("SELECT * FROM dead_letters")
    assert (letter["id"], letter["job_id"], letter["subject"], letter["attempts"]) == (
        letter_id,
        job_id,
        "orders #1",
        1,
    )
    assert (letter["code"], letter["problem"], letter["next_step"]) == ("odd", "order #1: It is odd.", "Look at it.")
    assert letter["routed_at"] is letter["announced_at"] is letter["closed_at"] is None


def test_a_dead_job_that_is_run_again_and_dies_again_has_one_open_dead_letter(desk: Desk) -> None:
    """As the job of a route's stock is, when a person applies a push: nobody has replayed its dead letter."""
    job_id, first = desk.dead("1")
    with desk.database.begin() as connection:
        jobs.run_again(connection, job_id, desk.now)
    assert desk.one("SELECT closed_as FROM dead_letters WHERE id = :id", id=first)["closed_as"] == "superseded"
    assert desk.bury(desk.claim_one(job_id)) is not None
    assert len(desk.rows("SELECT 1 FROM dead_letters WHERE closed_at IS NULL")) == 1


def test_closing_and_dead_letter_are_one_transaction(desk: Desk) -> None:
    claim = desk.claim_one(desk.ready("1"))
    with desk.database.connect() as connection:
        assert runs.bury(connection, claim, PROBLEM, desk.now) is not None
        connection.rollback()
    assert desk.job(claim.job_id)["state"] == "running"
    assert desk.rows("SELECT 1 FROM dead_letters") == []


@pytest.mark.parametrize("poison", ["nul \x00 byte", "half a pair \ud800"], ids=["nul", "surrogate"])
def test_whatever_text_a_remote_puts_into_an_error_its_verdict_is_recorded(desk: Desk, poison: str) -> None:
    claim = desk.claim_one(desk.ready("1"))
    problem = Problem("odd", "erp", f"The ERP said: {poison}.", "Look at it.")
    with desk.database.begin() as connection:
        assert runs.put_back(connection, claim, Verdict(Outcome.RETRY, problem), desk.now)


def test_no_way_through_the_ledger_makes_an_illegal_move(desk: Desk) -> None:
    with desk.database.begin() as connection:
        connection.execute(text(_WATCH))
    try:
        _go_every_way(desk)
        moves = {(row["was"], row["is_now"]) for row in desk.rows("SELECT DISTINCT was, is_now FROM moves")}
    finally:
        with desk.database.begin() as connection:
            connection.execute(text("DROP TRIGGER moves ON jobs; DROP FUNCTION note_move; DROP TABLE moves"))
    assert [move for move in moves if not is_legal(JobState(move[0]), JobState(move[1]))] == []
    assert moves >= {
        ("ready", "running"),
        ("running", "ready"),
        ("running", "done"),
        ("running", "skipped"),
        ("running", "dead"),
        ("dead", "ready"),
        ("dead", "discarded"),
        ("done", "ready"),
        ("skipped", "ready"),
        ("discarded", "ready"),
    }


def _go_every_way(desk: Desk) -> None:
    job_id = desk.ready("1", 0)
    desk.put_back(desk.claim_one(job_id))
    for version, ended in ((1, JobState.DONE), (2, JobState.SKIPPED), (3, JobState.DONE)):
        desk.finish(desk.claim_one(job_id), ended)
        desk.want("1", version)
    desk.bury(desk.claim_one(job_id))
    desk.want("1", 4)
    desk.bury(desk.claim_one(job_id))
    with desk.database.begin() as connection:
        jobs.discard(connection, job_id, desk.now)
        jobs.reopen(connection, job_id, desk.now)
    claim = desk.claim_one(job_id)
    desk.want("1", 5)
    desk.finish(claim)


_WATCH = """
    CREATE TABLE moves (was text, is_now text);
    CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO moves VALUES (OLD.state, NEW.state); RETURN NEW; END $$;
    CREATE TRIGGER moves AFTER UPDATE ON jobs FOR EACH ROW WHEN (OLD.state <> NEW.state)
        EXECUTE FUNCTION note_move();
"""
