"""`erpsync jobs`."""

from datetime import datetime

import pytest
from sqlalchemy import Engine, text

from tests.cli import rows
from tests.cli.conftest import Run
from tests.cli.everything import Seeded

JOB_KEYS = {
    "id",
    "flow",
    "source",
    "target",
    "source_id",
    "number",
    "state",
    "attempts",
    "due_at",
    "updated_at",
    "created_at",
    "problem_code",
    "problem",
    "next_step",
    "target_id",
    "display",
}


def test_list_as_json_has_all_jobs_newest_first(run: Run, seeded: Seeded) -> None:
    document = run("jobs", "list", "--json").document

    assert [job["id"] for job in document["jobs"]] == [seeded.waiting, seeded.dead_too, seeded.dead, seeded.done]
    assert document["more"] is False
    assert set(document["jobs"][0]) >= JOB_KEYS


def test_times_in_json_are_iso_8601_in_utc(run: Run, seeded: Seeded) -> None:
    due_at = run("jobs", "list", "--json").document["jobs"][0]["due_at"]

    assert due_at.endswith("Z")
    assert datetime.fromisoformat(due_at).utcoffset() is not None


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--state", "dead"], ["#1002", "#1001"]),
        (["--flow", "orders", "--state", "done"], ["#1000"]),
        (["--flow", "customers"], []),
        (["--search", "1001"], ["#1001"]),
        (["--search", "gid-#1003"], ["#1003"]),
        (["--search", "100"], []),
        (["--limit", "1"], ["#1003"]),
    ],
)
def test_list_shows_only_what_was_asked_for(run: Run, seeded: Seeded, options: list[str], numbers: list[str]) -> None:
    ran = run("jobs", "list", "--json", *options)

    assert [job["number"] for job in ran.document["jobs"]] == numbers
    assert ran.document["more"] is ("--limit" in options)


def test_list_says_that_there_is_more(run: Run, seeded: Seeded) -> None:
    ran = run("jobs", "list", "--limit", "2")

    assert len(ran.stdout.splitlines()) == 3
    assert "--limit shows more" in ran.stderr


def test_list_is_one_line_a_job_in_a_pipe(run: Run, seeded: Seeded) -> None:
    lines = run("jobs", "list").stdout.splitlines()

    assert lines[1].split()[:6] == [str(seeded.waiting), "orders", "#1003", "shop-eu", "netsuite", "ready"]
    assert "http-503, due in" in lines[1]
    assert "item-unknown" in lines[2]
    assert lines[4].endswith("SO-77")


def test_an_empty_ledger_is_a_sentence(run: Run) -> None:
    assert run("jobs", "list").stdout == "There are no jobs yet.\n"
    assert run("jobs", "list", "--json").document == {"jobs": [], "more": False}


def test_show_as_json_has_runs_and_deliveries(run: Run, seeded: Seeded) -> None:
    document = run("jobs", "show", str(seeded.dead), "--json").document

    assert set(document) == {"job", "runs", "deliveries"}
    assert set(document["job"]) >= JOB_KEYS
    (only,) = document["runs"]
    assert set(only) >= {"attempt", "worker", "started_at", "ended_at", "outcome", "problem_code", "note"}
    assert only["outcome"] == "dead"
    (delivery,) = document["deliveries"]
    assert set(delivery) >= {"id", "topic", "state", "note", "received_at"}


def test_show_tells_a_person_what_to_do(run: Run, seeded: Seeded) -> None:
    shown = run("jobs", "show", str(seeded.dead)).stdout

    assert shown.startswith(f"Job {seeded.dead}: orders #1001, from shop-eu to netsuite\n")
    assert "Create the item in NetSuite or correct the SKU in the store, then replay." in shown
    assert f"erpsync jobs replay {seeded.dead}" in shown


def test_show_of_a_job_that_is_not_there(run: Run) -> None:
    ran = run("jobs", "show", "99999999999999999999")

    assert ran.code == 1
    assert ran.stderr == "There is no job 99999999999999999999. `erpsync jobs list` shows those there are.\n"


def test_replay_makes_the_job_ready_closes_its_letter_and_is_audited(
    run: Run, seeded: Seeded, database: Engine
) -> None:
    ran = run("jobs", "replay", str(seeded.dead), "--yes", "--json")

    assert ran.code == 0
    assert ran.document == {"replayed": [seeded.dead], "told_workers": False}
    assert rows.job_states(database)[seeded.dead] == "ready"
    assert rows.letter(database, seeded.letter).closed_as == "replayed"
    assert rows.audits(database) == [(rows.actor(), "replay", f"job {seeded.dead}")]


def test_replay_says_that_a_broker_that_is_down_only_delays_it(run: Run, seeded: Seeded) -> None:
    ran = run("jobs", "replay", str(seeded.done), "--yes")

    assert ran.code == 0
    assert ran.stdout.startswith(f"Job {seeded.done} (orders #1000, done) runs again.")
    assert "it starts with the next sweep" in ran.stderr


def test_replay_changes_nothing_where_nobody_can_be_asked(run: Run, seeded: Seeded, database: Engine) -> None:
    ran = run("jobs", "replay", str(seeded.dead))

    assert ran.code == 2
    assert "add --yes" in ran.stderr
    assert rows.job_states(database)[seeded.dead] == "dead"
    assert rows.audits(database) == []


@pytest.mark.parametrize("which", ["waiting", "absent"])
def test_replay_of_what_is_not_closed_is_not_possible(run: Run, seeded: Seeded, database: Engine, which: str) -> None:
    ran = run("jobs", "replay", str(seeded.waiting if which == "waiting" else 4711), "--yes")

    assert ran.code == 1
    assert "There is no job 4711" in ran.stderr if which == "absent" else "waiting or running already" in ran.stderr
    assert rows.audits(database) == []


def test_what_a_store_sends_neither_steers_the_terminal_nor_breaks_the_table(
    run: Run, seeded: Seeded, database: Engine
) -> None:
    with database.begin() as connection:
        connection.execute(
            text("UPDATE jobs SET number = :number WHERE id = :id"),
            {"number": "\x1b]0;owned\x07[/red]\u202e:boom:", "id": seeded.done},
        )

    ran = run("jobs", "list")

    assert ran.code == 0
    assert r"\u001b]0;owned\u0007[/red]\u202e:boom:" in ran.stdout
    assert "\x1b" not in ran.stdout
    assert "\x1b" not in run("jobs", "show", str(seeded.done)).stdout
