"""The states of a job and the moves between them."""

from itertools import product

import pytest

from erpsync.domain.states import JobState, is_legal, sources_of

LEGAL = {
    ("ready", "running"),
    ("ready", "discarded"),
    ("running", "ready"),
    ("running", "done"),
    ("running", "skipped"),
    ("running", "dead"),
    ("done", "ready"),
    ("skipped", "ready"),
    ("dead", "ready"),
    ("dead", "discarded"),
    ("discarded", "ready"),
}


@pytest.mark.parametrize(("current", "following"), list(product(JobState, JobState)))
def test_exactly_the_known_moves_are_legal(current: JobState, following: JobState) -> None:
    assert is_legal(current, following) == ((current, following) in LEGAL)


@pytest.mark.parametrize("following", list(JobState))
def test_where_a_state_is_reached_from_is_the_same_table_read_backwards(following: JobState) -> None:
    assert sources_of(following) == {state for state in JobState if (state, following) in LEGAL}


def test_no_state_is_a_trap_and_every_closed_one_leads_back_to_work() -> None:
    for state in JobState:
        assert any(is_legal(state, following) for following in JobState)
        assert state in (JobState.READY, JobState.RUNNING) or is_legal(state, JobState.READY)
