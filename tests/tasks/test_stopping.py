"""A worker that stops, because it was asked to or because its main process gave up."""

import signal
from pathlib import Path

from tests.tasks.conftest import PATIENCE_SECONDS, Hire, wait_until


def test_a_worker_whose_main_process_gave_up_ends_with_its_pool(hire: Hire) -> None:
    worker = hire(2)
    errand = worker.work("first")
    pool = [errand.begun(), *worker.pool()]
    errand.release()

    worker.send("tests.spoil")

    assert worker.process.wait(PATIENCE_SECONDS) == 1
    assert "Unrecoverable error" in worker.said()
    assert "_flush_outqueue" in worker.said(), "the worker did not hang, so its end proves nothing"
    wait_until(lambda: not any(_lives(pid) for pid in pool))


def test_a_worker_that_is_asked_to_stop_lets_its_task_end(hire: Hire) -> None:
    worker = hire(120)
    errand = worker.work("first")
    errand.begun()

    worker.process.send_signal(signal.SIGTERM)
    worker.wait_for("Warm shutdown")
    errand.release()

    assert errand.ended() == "done"
    assert worker.process.wait(PATIENCE_SECONDS) == 0


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
