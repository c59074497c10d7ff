"""`erpsync dead`."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.cli import rows
from tests.cli.conftest import Run
from tests.cli.everything import BODY, Seeded

LETTER_KEYS = {
    "id",
    "job_id",
    "inbox_id",
    "task",
    "subject",
    "code",
    "problem",
    "next_step",
    "attempts",
    "created_at",
    "closed_at",
    "closed_as",
    "closed_by",
}


def test_list_has_the_open_ones_newest_first(run: Run, seeded: Seeded) -> None:
    document = run("dead", "list", "--json").document

    listed = [letter["id"] for letter in document["dead_letters"]]
    assert listed == [seeded.stray, seeded.unreadable, seeded.letter_too, seeded.letter]
    assert set(document["dead_letters"][0]) >= LETTER_KEYS
    assert document["more"] is False


def test_list_by_code(run: Run, seeded: Seeded) -> None:
    ran = run("dead", "list", "--code", "item-unknown", "--limit", "1", "--json")

    assert [letter["id"] for letter in ran.document["dead_letters"]] == [seeded.letter_too]
    assert ran.document["more"] is True


def test_list_for_people_has_reason_and_age(run: Run, seeded: Seeded) -> None:
    ran = run("dead", "list")

    assert "orders #1001" in ran.stdout
    assert "12 min" in ran.stdout
    assert "NetSuite has no item with the SKU TSHIRT-RED-M." in ran.stdout
    assert "erpsync dead show" in ran.stderr


def test_no_dead_letter_is_a_sentence(run: Run) -> None:
    assert run("dead", "list").stdout == "There is no open dead letter.\n"
    assert run("dead", "list", "--closed", "--code", "x").stdout == "There is no closed dead letter with the code x.\n"


def test_show_has_reason_next_step_and_how_to_settle_it(run: Run, seeded: Seeded) -> None:
    shown = run("dead", "show", str(seeded.letter)).stdout

    assert "order #1001: NetSuite has no item with the SKU TSHIRT-RED-M." in shown
    assert "Create the item in NetSuite or correct the SKU in the store, then replay." in shown
    assert f"erpsync jobs show {seeded.dead}" in shown
    assert f"erpsync dead replay {seeded.letter}" in shown


def test_show_of_an_unreadable_delivery_has_headers_and_size_but_no_credentials(run: Run, seeded: Seeded) -> None:
    shown = run("dead", "show", str(seeded.unreadable))
    document = run("dead", "show", str(seeded.unreadable), "--json").document

    assert f"{len(BODY)} bytes" in shown.stdout
    assert set(document) == {"dead_letter", "delivery"}
    assert set(document["delivery"]) >= {
        "id",
        "connection",
        "topic",
        "state",
        "note",
        "received_at",
        "size",
        "headers",
    }
    assert document["delivery"]["size"] == len(BODY)
    assert document["delivery"]["headers"] == {
        "authorization": "(hidden)",
        "x-shopify-hmac-sha256": "c2lnbmF0dXJl",
        "x-shopify-topic": "orders/updated",
    }
    assert "c2VjcmV0" not in shown.stdout


def test_show_of_a_letter_about_a_job_has_no_delivery(run: Run, seeded: Seeded) -> None:
    assert run("dead", "show", str(seeded.letter), "--json").document["delivery"] is None


def test_body_is_written_byte_for_byte(run: Run, seeded: Seeded) -> None:
    ran = run("dead", "show", str(seeded.unreadable), "--body")

    assert ran.code == 0
    assert ran.stdout.encode("utf-8", "surrogateescape") == BODY
    assert ran.stderr == ""


@pytest.mark.parametrize("which", ["letter", "stray"])
def test_body_where_there_is_none_is_not_possible(run: Run, seeded: Seeded, which: str) -> None:
    ran = run("dead", "show", str(getattr(seeded, which)), "--body")

    assert ran.code == 1
    assert ran.stdout == ""
    assert f"Dead letter {getattr(seeded, which)}" in ran.stderr


def test_show_of_a_letter_that_is_not_there(run: Run) -> None:
    ran = run("dead", "show", "7")

    assert ran.code == 1
    assert ran.stderr == "There is no dead letter 7. `erpsync dead list` shows the open ones.\n"


def test_replay_of_a_job_s_letter(run: Run, seeded: Seeded, database: Engine) -> None:
    ran = run("dead", "replay", str(seeded.letter), str(seeded.letter))

    assert ran.code == 0
    assert ran.stdout == f"Replayed dead letter {seeded.letter}.\n"
    assert "it starts with the next sweep" in ran.stderr
    assert rows.job_states(database)[seeded.dead] == "ready"
    closed = rows.letter(database, seeded.letter)
    assert (closed.closed_as, closed.closed_by) == ("replayed", rows.actor())
    assert rows.audits(database) == [(rows.actor(), "replay", f"job {seeded.dead}")]


def test_replay_of_an_unreadable_delivery_makes_it_new(run: Run, seeded: Seeded, database: Engine) -> None:
    ran = run("dead", "replay", str(seeded.unreadable), "--json")

    assert ran.document == {"replayed": [seeded.unreadable], "not_possible": [], "told_workers": False}
    assert rows.delivery_states(database)[-1] == "new"
    assert rows.letter(database, seeded.unreadable).closed_as == "replayed"
    assert rows.audits(database) == [(rows.actor(), "replay", f"dead letter {seeded.unreadable}")]


def test_what_cannot_be_replayed_does_not_keep_the_rest_from_it(run: Run, seeded: Seeded, database: Engine) -> None:
    ran = run("dead", "replay", str(seeded.stray), "4711", str(seeded.letter), "--json")

    assert ran.code == 1
    assert ran.document["replayed"] == [seeded.letter]
    assert [one["id"] for one in ran.document["not_possible"]] == [seeded.stray, 4711]
    assert "reached no job" in ran.stderr
    assert rows.letter(database, seeded.stray).closed_at is None


def test_replay_all_of_a_code(run: Run, seeded: Seeded, database: Engine) -> None:
    ran = run("dead", "replay", "--all", "--code", "item-unknown", "--json")

    assert ran.code == 0
    assert ran.document["replayed"] == [seeded.letter, seeded.letter_too]
    assert rows.letter(database, seeded.unreadable).closed_at is None


def test_replay_all_where_there_is_none_is_well(run: Run, seeded: Seeded) -> None:
    ran = run("dead", "replay", "--all", "--code", "other")

    assert ran.code == 0
    assert ran.stdout == "There is no open dead letter with the code other: nothing to replay.\n"


def test_discard_closes_the_letter_and_its_job_and_is_audited(run: Run, seeded: Seeded, database: Engine) -> None:
    ran = run("dead", "discard", str(seeded.letter), str(seeded.stray), "--yes", "--json")

    assert ran.code == 0
    assert ran.document == {"discarded": [seeded.letter, seeded.stray], "not_possible": []}
    assert rows.job_states(database)[seeded.dead] == "discarded"
    assert rows.letter(database, seeded.stray).closed_as == "discarded"
    assert rows.audits(database) == [
        (rows.actor(), "discard", f"dead letter {seeded.letter}"),
        (rows.actor(), "discard", f"dead letter {seeded.stray}"),
    ]


def test_discard_of_what_is_closed_says_how_it_was_closed(run: Run, seeded: Seeded) -> None:
    run("dead", "replay", str(seeded.letter))

    ran = run("dead", "discard", str(seeded.letter), "--yes")

    assert ran.code == 1
    assert f"Dead letter {seeded.letter} was replayed already" in ran.stderr


def test_discard_changes_nothing_where_nobody_can_be_asked(run: Run, seeded: Seeded, database: Engine) -> None:
    ran = run("dead", "discard", str(seeded.letter))

    assert ran.code == 2
    assert "add --yes" in ran.stderr
    assert rows.letter(database, seeded.letter).closed_at is None


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(("answer", "code", "closed_as"), [("n", 1, None), ("y", 0, "discarded")])
def test_discard_asks_at_a_terminal(
    seeded: Seeded, database: Engine, answer: str, code: int, closed_as: str | None
) -> None:
    person, terminal = pty.openpty()
    with os.fdopen(person, "wb") as keyboard:
        keyboard.write(f"{answer}\n".encode())
        keyboard.flush()
        ran = subprocess.run(
            [sys.executable, "-m", "erpsync", "dead", "discard", str(seeded.letter)],
            stdin=terminal,
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
        )
        os.close(terminal)

    assert ran.returncode == code
    assert "[y/N]" in ran.stderr
    assert rows.letter(database, seeded.letter).closed_as == closed_as
