"""Values in SuiteQL, which takes no parameters."""

import sqlite3
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erpsync.systems.netsuite.rest_sql import Moment, bound, ids


@given(st.text().filter(lambda text: "\x00" not in text and text.isprintable()))
def test_whatever_a_text_holds_it_stays_one_value(text: str) -> None:
    query = bound("SELECT :value AS value", value=text)

    assert sqlite3.connect(":memory:").execute(query).fetchall() == [(text,)]


def test_each_kind_of_value_is_written_in_its_way() -> None:
    query = bound(
        "a IN :texts AND b IN :numbers AND c >= :since AND d = :amount AND TO_CHAR(e, 'HH24:MI:SS') = :text",
        texts=["x", "it's"],
        numbers=ids(["7", "8"]),
        since=Moment("2026-01-31 12:00:00"),
        amount=Decimal("1E+2"),
        text=":numbers",
    )

    assert query == (
        "a IN ('x', 'it''s') AND b IN (7, 8) AND c >= TO_DATE('2026-01-31 12:00:00', 'YYYY-MM-DD HH24:MI:SS') "
        "AND d = 100 AND TO_CHAR(e, 'HH24:MI:SS') = ':numbers'"
    )


def test_what_would_be_no_query_is_not_sent() -> None:
    with pytest.raises(KeyError):
        bound("SELECT :missing")
    with pytest.raises(ValueError, match="empty list"):
        bound("a IN :none", none=[])
    with pytest.raises(ValueError, match="1 OR 1=1"):
        ids(["1 OR 1=1"])
