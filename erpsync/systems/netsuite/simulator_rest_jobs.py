"""What the REST face was asked to do when it gets to it: jobs, each with a task a record.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/subsect_161278579295.html
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_0127092747.html
JOB_LIMIT = 100


@dataclass
class Job:
    """`results` has the answer to each record, once there is one."""

    id: str
    results: list[dict[str, Any] | None]
    completed: bool = False


@dataclass
class Jobs:
    """All jobs of the account. They wait in the queue while `working` is cleared. Thread-safe."""

    working: threading.Event = field(default_factory=threading.Event)
    _jobs: dict[str, Job] = field(default_factory=dict)
    _by_key: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.working.set()

    def submit(self, tasks: Sequence[Callable[[], dict[str, Any]]], key: str) -> tuple[str, bool]:
        """The job's id, and whether it is a new one: a key that was used before means the job of then."""
        with self._lock:
            if key and key in self._by_key:
                return self._by_key[key], False
            job = Job(str(1001 + len(self._jobs)), [None] * len(tasks))
            self._jobs[job.id] = job
            if key:
                self._by_key[key] = job.id
        threading.Thread(target=self._run, args=(job, tasks), name=f"job-{job.id}", daemon=True).start()
        return job.id, True

    def get(self, job_id: str) -> Job | None:
        with self._lock:
            return self._jobs.get(job_id)

    def _run(self, job: Job, tasks: Sequence[Callable[[], dict[str, Any]]]) -> None:
        self.working.wait()
        for number, task in enumerate(tasks):
            job.results[number] = task()
        job.completed = True
