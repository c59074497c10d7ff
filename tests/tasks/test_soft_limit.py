"""The signal of the soft time limit, sent to a real pool process at the worst moments."""

import os
import signal
from pathlib import Path

from tests.tasks.conftest import Hire, text_of, wait_until

LONG_SECONDS = 120  # the tests send the signal themselves
MORE_THAN_A_PIPE_HOLDS = 1_000_000


def test_a_task_at_work_is_interrupted(hire: Hire) -> None:
    worker = hire(LONG_SECONDS)
    errand = worker.work("first")

    os.kill(errand.begun(), signal.SIGUSR1)

    assert errand.ended() == "struck"


def test_a_task_that_is_over_its_time_leaves_one_warning_and_no_trace(hire: Hire, tmp_path: Path) -> None:
    worker = hire(LONG_SECONDS)
    worker.send("tests.dawdle", str(tmp_path))

    os.kill(int(text_of(tmp_path / "begun")), signal.SIGUSR1)

    worker.wait_for("raised expected: SoftTimeLimitExceeded")  # Celery's own line, the last
    assert [line["level"] for line in worker.events("task.took_too_long", task="tests.dawdle")] == ["warning"]
    assert "Traceback" not in worker.said()


def test_a_signal_that_comes_late_strikes_neither_the_waiting_process_nor_the_next_task(hire: Hire) -> None:
    worker = hire(LONG_SECONDS)
    first = worker.work("first")
    pid = first.begun()
    first.release()
    worker.wait_for("succeeded in")

    os.kill(pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGUSR1)
    second = worker.work("second")
    os.kill(pid, signal.SIGCONT)

    assert second.begun() == pid
    second.release()
    assert second.ended() == "done"


def test_a_result_that_is_being_written_is_not_cut_in_two(hire: Hire) -> None:
    worker = hire(LONG_SECONDS)
    first = worker.work("first", MORE_THAN_A_PIPE_HOLDS)
    pid = first.begun()
    os.kill(worker.process.pid, signal.SIGSTOP)  # as while it looks for a lost broker: it reads no results
    first.release()
    assert first.ended() == "done"
    wait_until(lambda: _sleeps(pid))  # in the middle of its message, for the pipe is full

    os.kill(pid, signal.SIGUSR1)
    os.kill(worker.process.pid, signal.SIGCONT)

    second = worker.work("second")
    assert second.begun() == pid
    second.release()
    assert second.ended() == "done"
    assert "Unrecoverable" not in worker.said()


def _sleeps(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "S"
