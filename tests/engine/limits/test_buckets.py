"""What the buckets and slots of a connection answer, in a process as in Redis."""

import pytest

from erpsync.engine.limits.records import MAX_PAUSE_SECONDS, RULES, Verdict
from erpsync.ports.limits import Lesson, Level, Rate, Window
from tests.engine.limits.conftest import Desk, OpenDesk

ANSWERED = Lesson()
THROTTLED = Lesson(throttled=True)


def verdicts(desk: Desk, number: int, **more: object) -> list[Verdict]:
    return [desk.take(**more).verdict for _ in range(number)]


class TestTokens:
    def test_a_burst_goes_and_the_rest_at_the_rate(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(2.0, 5.0))
        assert verdicts(desk, 5) == [Verdict.GO] * 5
        waits = [desk.take() for _ in range(3)]
        assert [answer.verdict for answer in waits] == [Verdict.WAIT] * 3
        assert [answer.wait_seconds for answer in waits] == [0.5, 1.0, 1.5]

    def test_who_has_waited_goes_without_paying_twice(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(2.0, 1.0))
        desk.take()
        name, waits = desk.ask()
        desk.time.move(waits.wait_seconds)
        assert desk.take(name=name, taken=waits.taken, waited_seconds=0.5).verdict is Verdict.GO
        assert desk.seen().buckets["calls"].tokens == pytest.approx(0)

    def test_it_never_holds_more_than_the_burst(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(2.0, 3.0))
        desk.take()
        desk.time.move(600)
        assert verdicts(desk, 4) == [Verdict.GO] * 3 + [Verdict.WAIT]

    def test_a_line_that_is_too_long_is_not_joined_whatever_the_cost(self, open_desk: OpenDesk) -> None:
        """So that calls of one token cannot keep one of twenty out for ever: all may join as long as the line is short."""
        desk = open_desk(rate=Rate(10.0, 20.0))
        desk.take(20)
        cheap = [desk.take() for _ in range(40)]
        joined = [answer for answer in cheap if answer.verdict is Verdict.WAIT]
        assert len(joined) == RULES.queue_seconds * 10 + 1
        assert all(answer.verdict is Verdict.PUT_BACK for answer in cheap[len(joined) :])
        desk.time.move(0.1)
        dear = desk.take(20)
        assert dear.verdict is Verdict.WAIT
        assert RULES.queue_seconds < dear.wait_seconds <= MAX_PAUSE_SECONDS

    def test_a_wait_that_is_too_long_takes_nothing(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(0.1, 2.0))
        desk.take(2)
        answer = desk.take()
        assert (answer.verdict, answer.wait_seconds, answer.taken) == (Verdict.PUT_BACK, 10.0, None)
        desk.time.move(10)
        assert desk.take().verdict is Verdict.GO

    def test_a_dear_call_gets_in_although_cheap_ones_never_cease(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(10.0, 100.0))
        desk.take(100)
        dear = desk.take(80)
        assert (dear.verdict, dear.wait_seconds) == (Verdict.PUT_BACK, 8.0)
        for _ in range(100):
            desk.take()
            desk.time.move(0.1)
        place = desk.take(80)
        assert (place.verdict, place.taken) == (Verdict.WAIT, 80.0)
        assert place.wait_seconds <= RULES.queue_seconds

    def test_what_is_kept_for_a_dear_call_that_does_not_come_is_everybodys(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(10.0, 100.0))
        desk.take(100)
        desk.take(80)
        desk.time.move(8.0)
        assert desk.take(10).verdict is Verdict.WAIT
        desk.time.move(RULES.promise_seconds)
        assert desk.take(99).verdict is Verdict.GO

    def test_what_costs_more_than_a_bucket_holds_waits_for_a_full_one(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(1.0, 3.0))
        assert desk.take(50).taken == 3
        assert desk.take(50).wait_seconds == 3.0

    def test_an_answer_corrects_what_its_call_cost(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(1.0, 100.0))
        name, answer = desk.ask(80)
        desk.end(name, Lesson(spent=12.0), taken=answer.taken or 0.0)
        assert desk.seen().buckets["calls"].tokens == 88

    def test_connections_never_share_a_bucket(self, open_desk: OpenDesk) -> None:
        chatty = open_desk(rate=Rate(1.0, 1.0))
        other = Desk(chatty.buckets, chatty.time, f"{chatty.connection}-2", chatty.rate)
        assert Verdict.PUT_BACK in verdicts(chatty, 50)
        assert other.take().verdict is Verdict.GO

    def test_operations_have_buckets_of_their_own(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(0.001, 1.0))
        assert verdicts(desk, 2) == [Verdict.GO, Verdict.PUT_BACK]
        assert desk.take(operation="stock").verdict is Verdict.GO

    def test_a_connection_without_rates_is_limited_by_nothing(self, open_desk: OpenDesk) -> None:
        assert set(verdicts(open_desk(), 200)) == {Verdict.GO}


class TestSlots:
    def test_no_more_go_than_there_are_slots(self, open_desk: OpenDesk) -> None:
        desk = open_desk(slots=3)
        assert verdicts(desk, 4) == [Verdict.GO] * 3 + [Verdict.WAIT]
        assert desk.seen().in_flight == 3

    def test_first_come_first_served(self, open_desk: OpenDesk) -> None:
        desk = open_desk(slots=1)
        holder, _ = desk.ask()
        first, _ = desk.ask()
        desk.time.move(0.05)
        second, _ = desk.ask()
        desk.end(holder, ANSWERED)
        assert desk.take(name=second, taken=0.0).verdict is Verdict.WAIT
        assert desk.take().verdict is Verdict.WAIT
        assert desk.take(name=first, taken=0.0).verdict is Verdict.GO

    def test_a_holder_that_died_gives_its_slot_back_by_its_lease(self, open_desk: OpenDesk) -> None:
        desk = open_desk(slots=1)
        desk.take()
        desk.time.move(89)
        assert desk.take().verdict is Verdict.WAIT
        desk.time.move(89)  # and so does one that died while it waited
        assert desk.take().verdict is Verdict.GO

    def test_one_that_died_in_the_line_holds_up_nobody_for_long(self, open_desk: OpenDesk) -> None:
        desk = open_desk(slots=1)
        holder, _ = desk.ask()
        desk.ask()
        desk.end(holder, ANSWERED)
        assert desk.take().verdict is Verdict.WAIT
        desk.time.move(RULES.line_seconds)
        assert desk.take().verdict is Verdict.GO

    def test_who_waits_in_vain_gets_its_tokens_back(self, open_desk: OpenDesk) -> None:
        desk = open_desk(slots=1, rate=Rate(0.001, 10.0))
        desk.take()
        name, answer = desk.ask(4)
        assert answer.verdict is Verdict.WAIT
        answer = desk.take(name=name, taken=answer.taken, waited_seconds=5.0, patience_seconds=0.0)
        assert (answer.verdict, answer.wait_seconds) == (Verdict.PUT_BACK, RULES.full_seconds)
        assert desk.seen().buckets["calls"].tokens == 9

    def test_the_remote_says_how_many_it_takes(self, open_desk: OpenDesk) -> None:
        desk = open_desk(slots=2)
        desk.buckets.resize(desk.connection, 4)
        assert verdicts(desk, 5) == [Verdict.GO] * 4 + [Verdict.WAIT]


class TestWaiting:
    def test_an_answers_wait_stops_the_whole_connection(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(5.0, 10.0))
        desk.tell(Lesson(throttled=True, wait_seconds=30.0))
        assert desk.take().wait_seconds == 30.0
        assert desk.take(operation="another").verdict is Verdict.PUT_BACK
        desk.time.move(27)
        assert desk.take().wait_seconds == 3.0
        desk.time.move(3)
        assert desk.take(operation="another").verdict is Verdict.GO

    def test_it_stops_those_that_wait_already(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(1.0, 1.0))
        desk.take()
        name, answer = desk.ask()
        desk.tell(Lesson(wait_seconds=20.0))
        desk.time.move(answer.wait_seconds)
        again = desk.take(name=name, taken=answer.taken, waited_seconds=1.0, patience_seconds=4.0)
        assert (again.verdict, again.wait_seconds) == (Verdict.PUT_BACK, 19.0)

    def test_the_shorter_of_two_waits_does_not_end_the_longer(self, open_desk: OpenDesk) -> None:
        desk = open_desk()
        for seconds in (30.0, 2.0):
            desk.tell(Lesson(wait_seconds=seconds))
        assert desk.seen().waits_seconds == 30.0

    def test_no_answer_stops_it_for_more_than_an_hour(self, open_desk: OpenDesk) -> None:
        desk = open_desk()
        desk.tell(Lesson(wait_seconds=10.0**6))
        assert desk.seen().waits_seconds == 3600.0


class TestAdapting:
    def test_a_throttle_halves_the_rate_and_answers_raise_it_again(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(10.0, 1.0))
        name, _ = desk.ask()
        desk.end(name, THROTTLED)
        assert desk.seen().buckets["calls"].per_second == 5.0
        for _ in range(200):
            desk.tell(ANSWERED)
        assert desk.seen().buckets["calls"].per_second == pytest.approx(7.0)
        for _ in range(1000):
            desk.tell(ANSWERED)
        assert desk.seen().buckets["calls"].per_second == 10.0

    def test_throttles_of_requests_side_by_side_are_one(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(10.0, 10.0))
        for _ in range(5):
            desk.tell(THROTTLED)
        assert desk.seen().factor == 0.5
        desk.time.move(RULES.slowdown_seconds)
        desk.tell(THROTTLED)
        assert desk.seen().factor == 0.25

    def test_it_never_stops_altogether(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(10.0, 10.0), slots=8)
        desk.take()
        for _ in range(100):
            desk.time.move(2)
            desk.tell(THROTTLED)
        assert desk.seen().factor == RULES.least
        assert desk.seen().slots == 1

    def test_slots_shrink_with_the_rate(self, open_desk: OpenDesk) -> None:
        desk = open_desk(slots=5)
        desk.tell(THROTTLED)
        assert verdicts(desk, 3) == [Verdict.GO, Verdict.GO, Verdict.WAIT]
        assert (desk.seen().slots, desk.seen().configured_slots) == (2, 5)

    def test_what_was_saved_up_is_gone_with_a_throttle(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(1.0, 100.0))
        name, _ = desk.ask()
        desk.end(name, THROTTLED)
        assert desk.take().wait_seconds == 2.0

    def test_throttles_are_counted_for_an_hour(self, open_desk: OpenDesk) -> None:
        desk = open_desk()
        for _ in range(3):
            desk.tell(THROTTLED)
            desk.time.move(1500)
        assert (desk.seen().throttles_last_hour, desk.seen().throttles) == (2, 3)

    def test_no_answer_says_nothing_of_the_pace(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(10.0, 10.0))
        desk.tell(THROTTLED)
        name, _ = desk.ask()
        desk.end(name, None)
        assert desk.seen().factor == 0.5


class TestWhatTheRemoteTells:
    def test_its_own_bucket_replaces_ours(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(1.0, 10.0))
        desk.tell(Lesson(level=Level(left=2.0, per_second=4.0, burst=40.0)))
        assert verdicts(desk, 3) == [Verdict.GO, Verdict.GO, Verdict.WAIT]
        assert desk.take().wait_seconds == 0.5
        desk.time.move(600)
        assert desk.seen().buckets["calls"].tokens == 40

    def test_others_callers_are_noticed_by_what_is_left_and_places_in_the_line_are_kept(
        self, open_desk: OpenDesk
    ) -> None:
        desk = open_desk(rate=Rate(1.0, 2.0))
        verdicts(desk, 4)
        desk.tell(Lesson(level=Level(left=1.0, per_second=1.0, burst=2.0)))
        assert desk.seen().buckets["calls"].tokens == -2

    def test_a_window_ends_with_a_full_bucket(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(5.0, 150.0))
        desk.tell(Lesson(level=Window(left=0.0, most=100.0, ends_seconds=2.0)))
        waiting = [desk.take() for _ in range(2)]
        assert [answer.wait_seconds for answer in waiting] == [2.0, 2.0]
        desk.time.move(2)
        assert desk.seen().buckets["calls"].tokens == 98

    def test_the_last_of_a_window_are_spread_over_the_rest_of_it(self, open_desk: OpenDesk) -> None:
        desk = open_desk()
        desk.tell(Lesson(level=Window(left=6.0, most=10.0, ends_seconds=3.0, spread=5.0)))
        waits = [desk.take().wait_seconds for _ in range(6)]
        assert waits == [0.0, *(pytest.approx(0.5 * each, abs=0.01) for each in range(1, 6))]
        assert desk.take().wait_seconds == 3.0  # the first of the next one
        assert desk.seen().buckets["calls"].ends_seconds == 3.0

    def test_background_work_leaves_a_share_of_a_window(self, open_desk: OpenDesk) -> None:
        desk = open_desk()
        desk.tell(Lesson(level=Window(left=10.0, most=10.0, ends_seconds=30.0, spread=4.0)))
        assert verdicts(desk, 7, background=True) == [Verdict.GO] * 6 + [Verdict.PUT_BACK]
        assert desk.take().wait_seconds == 6.0

    def test_a_window_of_a_remote_without_a_rate_leaves_none_behind(self, open_desk: OpenDesk) -> None:
        desk = open_desk()
        desk.tell(Lesson(level=Window(left=0.0, most=5.0, ends_seconds=20.0)))
        assert desk.take().verdict is Verdict.PUT_BACK
        desk.time.move(20)
        assert set(verdicts(desk, 50)) == {Verdict.GO}


class TestBackground:
    def test_it_leaves_a_share_of_the_bucket_to_live_traffic(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(1.0, 10.0))
        assert verdicts(desk, 7, background=True) == [Verdict.GO] * 6 + [Verdict.WAIT]
        assert verdicts(desk, 4) == [Verdict.GO] * 4

    def test_it_gets_all_that_comes_back_while_nothing_is_live(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(2.0, 10.0))
        verdicts(desk, 7, background=True)
        for _ in range(20):
            desk.time.move(0.5)
            assert desk.take(background=True).verdict is Verdict.GO

    def test_a_dear_call_of_it_is_not_kept_out_by_cheap_ones(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(10.0, 100.0))
        verdicts(desk, 51, background=True)
        desk.time.move(0.1)
        assert desk.take(40, background=True).verdict is Verdict.GO

    def test_it_waits_without_a_place_so_that_live_traffic_goes_first(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(1.0, 4.0))
        verdicts(desk, 3, background=True)
        waits = desk.take(background=True)
        assert (waits.verdict, waits.taken) == (Verdict.WAIT, None)
        assert desk.take().verdict is Verdict.GO

    def test_it_leaves_half_of_the_slots(self, open_desk: OpenDesk) -> None:
        desk = open_desk(slots=4)
        assert verdicts(desk, 3, background=True) == [Verdict.GO, Verdict.GO, Verdict.WAIT]
        assert verdicts(desk, 3) == [Verdict.GO, Verdict.GO, Verdict.WAIT]

    def test_it_does_not_push_in_before_those_that_wait(self, open_desk: OpenDesk) -> None:
        desk = open_desk(slots=1)
        holder, _ = desk.ask()
        first, _ = desk.ask()
        desk.end(holder, ANSWERED)
        assert desk.take(background=True).verdict is Verdict.WAIT
        assert desk.take(name=first, taken=0.0).verdict is Verdict.GO


class TestSeen:
    def test_nobody_has_seen_a_connection_that_was_never_asked(self, open_desk: OpenDesk) -> None:
        desk = open_desk()
        assert desk.buckets.look([desk.connection]) == {}

    def test_pauses_and_calls_put_back_are_counted(self, open_desk: OpenDesk) -> None:
        desk = open_desk(rate=Rate(1.0, 1.0))
        desk.take()
        name, answer = desk.ask()
        desk.time.move(answer.wait_seconds)
        desk.take(name=name, taken=answer.taken, waited_seconds=answer.wait_seconds, patience_seconds=4.0)
        desk.take(patience_seconds=0.5)
        seen = desk.seen()
        assert (seen.pauses, seen.paused_seconds, seen.put_back, seen.in_flight) == (1, 1.0, 1, 2)
