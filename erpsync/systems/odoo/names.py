"""External ids: Odoo keeps them unique, so they carry our references and a repeat never makes a second record."""

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
