"""SuiteQL of the simulated account: the query runs, as it is, on a database in memory that mirrors the books.

What sqlite takes and NetSuite does not is refused first, Oracle's functions that are used are supplied, and a table or
column that NetSuite does not have is refused as NetSuite does it.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from erpsync.systems.netsuite.simulator_books import Books
from erpsync.systems.netsuite.simulator_rest_tables import COLUMNS, DISPLAY, rows

# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156414087576.html
MAX_ROWS = 100_000
_MAX_IN_LIST = 1000

_TEXT = re.compile(r"'(?:[^']|'')*'")
_DISPLAYED = re.compile(r"BUILTIN\.DF\((\w+\.\w+)\)", re.IGNORECASE)
_FOREIGN = re.compile(r"\b(LIMIT|OFFSET|PRAGMA|ATTACH|INSERT|UPDATE|DELETE|GLOB|REGEXP)\b|;|--|/\*", re.IGNORECASE)
_LIST = re.compile(r"\bIN\s*\(([^()]*)\)", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_FORMATS = {"YYYY-MM-DD HH24:MI:SS": 19, "YYYY-MM-DD": 10}
_FUNCTIONS = frozenset({"nvl", "to_char", "to_date", "abs", "lower", "upper", "max", "min", "count", "sum"})
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ})


class BadQuery(Exception):
    """What NetSuite would not run. The message is as NetSuite words it."""


class SuiteQl:
    """The books as a database. `hidden` are tables that the role may not read."""

    def __init__(self, books: Books, utc_offset: timedelta) -> None:
        self._books = books
        self._utc_offset = utc_offset

    def run(self, query: str, hidden: Iterable[str] = ()) -> list[dict[str, str]]:
        """The rows, values as text, NULLs left out. Raises BadQuery."""
        spelled = _translated(query)
        words = {word.lower() for word in _WORD.findall(_TEXT.sub("''", spelled))}
        tables = [table for table in COLUMNS if table in words and table not in set(hidden)]
        connection = sqlite3.connect(":memory:")
        try:
            self._fill(connection, tables)
            _restrict(connection)
            cursor = connection.execute(spelled)
            names = [column[0].lower() for column in cursor.description]
            return [_told(names, row) for row in cursor.fetchmany(MAX_ROWS)]
        except sqlite3.Error as error:
            raise BadQuery(_worded(str(error))) from error
        finally:
            connection.close()

    def _fill(self, connection: sqlite3.Connection, tables: Iterable[str]) -> None:
        with self._books.lock:
            for table in tables:
                columns = COLUMNS[table]
                connection.execute(f'CREATE TABLE "{table}" ({columns})')
                places = ", ".join("?" for _ in columns.split(","))
                found = rows(table, self._books, self._local)
                connection.executemany(f'INSERT INTO "{table}" VALUES ({places})', found)  # noqa: S608 - names from here

    def _local(self, at: datetime) -> str:
        return f"{at + self._utc_offset:%Y-%m-%d %H:%M:%S}"


def _translated(query: str) -> str:
    """The query as sqlite has it: `transaction` is a word of its own there, and displayed values are columns here."""
    if not query.lstrip().upper().startswith("SELECT"):
        raise BadQuery("Only SELECT statements are supported.")
    foreign = _FOREIGN.search(_TEXT.sub("''", query))
    if foreign:
        raise BadQuery(f"Invalid or unsupported search near {foreign[0]}.")
    if any(found.count(",") >= _MAX_IN_LIST for found in _LIST.findall(_TEXT.sub("''", query))):
        raise BadQuery("The maximum number of expressions in a list is 1000.")
    parts = re.split(r"('(?:[^']|'')*')", _DISPLAYED.sub(rf"\1{DISPLAY}", query))
    outside = [re.sub(r"\btransaction\b", '"transaction"', part, flags=re.IGNORECASE) for part in parts[::2]]
    parts[::2] = outside
    return "".join(parts)


def _restrict(connection: sqlite3.Connection) -> None:
    """Only reading, only the account's tables, and only functions that NetSuite has."""

    def permitted(action: int, first: str | None, second: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ and (first or "").startswith("sqlite_"):
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_OK if (second or "").lower() in _FUNCTIONS else sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY

    functions: dict[str, Callable[[Any, Any], Any]] = {"NVL": _nvl, "TO_CHAR": _to_char, "TO_DATE": _to_date}
    for name, function in functions.items():
        connection.create_function(name, 2, function, deterministic=True)
    connection.set_authorizer(permitted)


def _nvl(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _to_char(value: Any, shape: str) -> Any:
    return None if value is None else str(value)[: _FORMATS[shape]]


def _to_date(text: str, shape: str) -> str:
    datetime.strptime(text, "%Y-%m-%d %H:%M:%S" if _FORMATS[shape] == 19 else "%Y-%m-%d")  # noqa: DTZ007 - refuses nonsense
    return text if _FORMATS[shape] == 19 else f"{text} 00:00:00"


def _told(names: list[str], row: tuple[Any, ...]) -> dict[str, str]:
    return {name: str(value) for name, value in zip(names, row, strict=True) if value is not None}


def _worded(error: str) -> str:
    start = "Invalid search query. Detailed unprocessed description follows. Search error occurred: "
    table = re.search(r"no such table: (\w+)", error)
    column = re.search(r"no such column: ([\w.]+)", error)
    if table:
        return f"{start}Record '{table[1]}' was not found."
    if column:
        return (
            f"{start}Field '{column[1].rpartition('.')[2]}' was not found. Reason: NOT_EXISTS - Field does not exist."
        )
    return f"{start}Invalid or unsupported search."
