"""What the contract suites read and pay with alike."""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from erpsync.domain.money import Money
from erpsync.ports.pages import Page, Since

T = TypeVar("T")


def everything(read: Callable[[Since], Page[T]], watermark: str | None = None) -> tuple[list[T], str]:
    """All records of one read, and where the next one starts."""
    page = read(Since(watermark))
    return [*page.records, *rest(read, page, watermark)], page.watermark


def rest(read: Callable[[Since], Page[T]], page: Page[T], watermark: str | None = None) -> list[T]:
    """What follows a page of a read that began with that watermark. Each page must tell the same watermark, and all rows
    must be readable."""
    records: list[T] = []
    seen: set[str] = set()
    while page.cursor is not None:
        if page.cursor in seen:
            raise AssertionError("the cursor does not move")
        seen.add(page.cursor)
        following = read(Since(watermark, page.cursor))
        if (following.watermark, following.unreadable) != (page.watermark, ()):
            raise AssertionError(f"a later page tells {following.watermark} and {following.unreadable}")
        page = following
        records += page.records
    return records


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")
