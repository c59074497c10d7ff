"""Addresses in the fields that an ERP has for them: one rule for all ERPs.

Nothing that finds the buyer is cut, for a parcel that goes to half an address is worse than an order that waits: not the
street, the city or the postal code, nor the e-mail address and the telephone number, of which half is somebody else's.
Names of people and companies and the texts of items may be cut by the mappers where the ERP's field is shorter: the parcel
arrives all the same, items go by their numbers, and the store keeps the whole of it.
"""

from collections.abc import Mapping, Sequence

from erpsync.domain.errors import Rejected

_NEXT_STEP = "Shorten it in the store, in the order and with the customer, then replay."


def street(lines: Sequence[str], lengths: Mapping[str, int], *, system: str, record: str) -> dict[str, str]:
    """The lines of a street in the ERP's fields for them, which `lengths` names in their order; "" in those left over.

    Each line stands in its own field where all fit. Else a line that is too long continues, between two words, in the next
    free field; and where the fields are too few for that, the lines follow each other without a break. Runs of blanks and
    line breaks become one blank. Raises Rejected where not even that is room enough.
    """
    given = [" ".join(line.split()) for line in lines]
    rooms = list(lengths.values())
    in_place = len(given) <= len(rooms) and all(len(one) <= room for one, room in zip(given, rooms, strict=False))
    written = [one for one in given if one]
    found = given if in_place else _laid_out(written, rooms) or _laid_out([", ".join(written)], rooms)
    if found is None:
        fields = ", ".join(f"{name} ({length})" for name, length in lengths.items())
        raise _too_long(
            f"The street does not fit, even between words, into the characters of {fields}.", system, record
        )
    return dict(zip(lengths, [*found, *[""] * len(rooms)], strict=False))


def whole(values: Mapping[str, str], lengths: Mapping[str, int], *, system: str, record: str) -> dict[str, str]:
    """The values without blanks around them. Raises Rejected for one that is longer than its field, by the field's name."""
    found = {name: value.strip() for name, value in values.items()}
    for name, value in found.items():
        if len(value) > lengths[name]:
            what = f"{name} would be {len(value)} characters, and the field has {lengths[name]}."
            raise _too_long(what, system, record)
    return found


def _laid_out(lines: Sequence[str], rooms: Sequence[int]) -> list[str] | None:
    """Each line from a field of its own on, through as many as it needs; None where there are not enough."""
    found: list[str] = []
    rest = list(lines)
    for room in rooms:
        if not rest:
            break
        head, tail = _broken(rest[0], room)
        found.append(head)
        rest[:1] = [tail] if tail else []
    return None if rest else found


def _broken(line: str, room: int) -> tuple[str, str]:
    """As many whole words as the room takes, and the rest."""
    if len(line) <= room:
        return line, ""
    head, _, _ = line[: room + 1].rpartition(" ")
    return head, line[len(head) :].strip()


def _too_long(what: str, system: str, record: str) -> Rejected:
    return Rejected("too-long", system=system, record=record, what=what, next_step=_NEXT_STEP)
