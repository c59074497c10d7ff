"""Text that PostgreSQL takes: what remotes put into ids and messages may be anything."""

MAX_KEY = 200


def storable(text: str) -> str:
    """`text` with what no text column holds (NUL, half a surrogate pair) replaced by question marks."""
    return text.replace("\x00", "?").encode("utf-8", "replace").decode("utf-8")


def is_key(text: str) -> bool:
    """Whether a column with an index takes `text` as it is."""
    return 0 < len(text) <= MAX_KEY and storable(text) == text
