"""Silence for tests in which nothing is about the log: rendering thousands of events takes most of the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import structlog


@contextmanager
def silenced() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(processors=[_drop], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(logger: object, name: str, event: structlog.typing.EventDict) -> NoReturn:
    raise structlog.DropEvent
