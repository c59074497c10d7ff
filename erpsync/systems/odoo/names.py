"""External ids: Odoo keeps them unique, so they carry our references and a repeat never makes a second record."""

import re

MODULE = "erpsync"
"""What stands before the dot of all our external ids. No Odoo app of that name exists, so no upgrade touches them."""


def external_name(kind: str, *parts: str) -> str:
    """An external id that no other `kind` and `parts` have. Odoo allows no spaces, and reads dots and commas as its own."""
    return "__".join((kind, *map(_encoded, parts)))


def order_name(reference: str) -> str:
    return external_name("order", reference)


def rounding_name(reference: str) -> str:
    return external_name("line", reference, "difference")


def address_name(customer_id: str, kind: str, digest: str) -> str:
    return external_name("address", customer_id, kind, digest)


def refund_name(reference: str) -> str:
    return external_name("refund", reference)


def payment_name(reference: str) -> str:
    return external_name("payment", reference)


def reference_of(kind: str, name: str) -> str:
    """The one part of an external id of `kind`; empty where it is of another."""
    parts = parts_of(kind, name)
    return parts[0] if len(parts) == 1 else ""


def parts_of(kind: str, name: str) -> tuple[str, ...]:
    """What `external_name` made an external id of; nothing where it is of another kind."""
    own, *encoded = name.split("__")
    return tuple(map(_decoded, encoded)) if own == kind else ()


def qualified(name: str) -> str:
    return f"{MODULE}.{name}"


def _encoded(part: str) -> str:
    """ASCII letters, digits and hyphens stay; every other byte becomes _xx. So two underscores in a row never arise."""
    return "".join(
        character if character.isascii() and (character.isalnum() or character == "-") else _hex(character)
        for character in part
    )


def _hex(character: str) -> str:
    return "".join(f"_{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


def _decoded(part: str) -> str:
    spelled = re.sub("_([0-9a-f]{2})", lambda each: chr(int(each[1], 16)), part)
    return spelled.encode("latin-1").decode("utf-8", "surrogatepass")
