"""Kinds of columns that all tables share."""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, text


def identity() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def time(name: str, **kind: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **kind)


def stamp(name: str = "created_at") -> Column[Any]:
    """A time that is set when the row is made."""
    return time(name, nullable=False, server_default=text("now()"))
