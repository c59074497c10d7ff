"""A process on its own and Redis answer the same, whatever is asked of them and in whichever order."""

import secrets
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erpsync.engine.limits.local import LocalBuckets
from erpsync.engine.limits.records import Answer, Seen, Verdict
from erpsync.engine.limits.shared import SharedBuckets
from erpsync.ports.limits import Lesson, Level, Rate, Window
from erpsync.servers.launcher import Servers
from tests.engine.limits.conftest import PATIENT_SECONDS, Desk, Time

seconds = st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0, 7.0, 40.0, 4000.0])
tokens = st.sampled_from([0.0, 0.5, 1.0, 5.0, 30.0])
rates = st.builds(Rate, st.sampled_from([0.1, 1.0, 8.0]), st.sampled_from([1.0, 10.0, 50.0]))
levels = st.builds(Level, tokens, tokens, st.sampled_from([1.0, 20.0]))
windows = st.builds(Window, tokens, st.sampled_from([1.0, 20.0]), seconds, tokens)
lessons = st.none() | st.builds(
    Lesson, st.booleans(), st.none() | seconds, st.none() | tokens, st.none() | levels | windows
)


@dataclass(frozen=True)
class Step:
    """Somebody asks, anew or (`again`) after a wait, or ends what it had with a lesson; and time passes."""

    cost: float
    background: bool
    again: int
    lesson: Lesson | None
    ends: bool
    passes: float


steps = st.builds(Step, tokens, st.booleans(), st.integers(0, 5), lessons, st.booleans(), seconds)


def walk(desk: Desk, path: list[Step]) -> list[Answer | Seen]:
    found: list[Answer | Seen] = []
    waiting: list[tuple[str, Answer]] = []
    held: list[tuple[str, Answer]] = []
    for step in path:
        if step.ends and held:
            name, answer = held.pop(step.again % len(held))
            desk.end(name, step.lesson, taken=answer.taken or 0.0)
        elif waiting and step.again:
            name, answer = waiting.pop(step.again % len(waiting))
            _, answer = desk.ask(step.cost, name=name, taken=answer.taken, waited_seconds=1.0, patience_seconds=4.0)
            found.append(answer)
        else:
            name, answer = desk.ask(step.cost, background=step.background)
            found.append(answer)
        if not step.ends:
            held += [(name, answer)] if answer.verdict is Verdict.GO else []
            waiting += [(name, answer)] if answer.verdict is Verdict.WAIT else []
        desk.time.move(step.passes)
    return [*found, desk.seen()]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rate=st.none() | rates, slots=st.integers(0, 3), path=st.lists(steps, min_size=1, max_size=25))
def test_both_answer_the_same(servers: Servers, rate: Rate | None, slots: int, path: list[Step]) -> None:
    ours, theirs, connection = Time(), Time(), f"shop-{secrets.token_hex(6)}"
    shared = SharedBuckets(servers.redis_url, now=lambda: theirs.now().timestamp(), socket_seconds=PATIENT_SECONDS)
    try:
        local = walk(Desk(LocalBuckets(ours), ours, connection, rate, slots), path)
        redis = walk(Desk(shared, theirs, connection, rate, slots), path)
    finally:
        shared.close()
    for one, other in zip(local, redis, strict=True):
        assert vars(one).keys() == vars(other).keys()
        for name, value in vars(one).items():
            told = vars(other)[name]
            if name == "buckets":
                assert told.keys() == value.keys()
                assert [vars(each) for each in told.values()] == [
                    pytest.approx(vars(each), abs=0.01) for each in value.values()
                ]
            else:
                assert told == (value if isinstance(value, str) or value is None else pytest.approx(value, abs=0.01))
