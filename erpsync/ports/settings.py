"""Kinds of settings that systems share: lookup tables, time zones, and addresses that are safe to send a merchant's data
to."""

import ipaddress
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

Default = TypeVar("Default")
# As long as a hash of SHA-256: shorter ones can be guessed once a single signature is known.
LEAST_SECRET = 32
_SEPARATOR = re.compile(r"[,\n]+")
_PERCENT = re.compile(r"\d{1,3}(\.\d+)?")


def _table(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in _SEPARATOR.split(value) if pair.strip()]
    if any(not equals for _, equals, _ in pairs):
        raise ValueError(f'"{value}" is not a table: write {{ key = "value" }}, or "key=value, key=value" as text')
    return {key.strip(): entry.strip() for key, _, entry in pairs}


def _percentages(table: dict[str, str]) -> dict[str, str]:
    for key in table:
        if not _PERCENT.fullmatch(key):
            raise ValueError(f'"{key}" is not a percentage: write percent without a sign, as in "19" or "8.25"')
    return table


def _names(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(name.strip() for name in _SEPARATOR.split(value) if name.strip())


def _address(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError(f'"{value}" is not an address; it looks like "https://erp.example.com"')
    if parts.username or parts.password:
        raise ValueError("an address holds no user name and no password; they have settings of their own")
    if parts.scheme == "http" and not is_private(parts.hostname or ""):
        raise ValueError(f'"{value}" would send orders unencrypted; http is for addresses inside your own network')
    return value.rstrip("/")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # unknown, no name at all, and that of a folder, as "Europe" is
        raise ValueError(f'"{value}" is not a time zone; it looks like "Europe/Berlin" or "UTC"') from None
    return value


def is_private(host: str) -> bool:
    """Whether the host is this machine, an address of a private network, or a name without a dot, as the services of one
    compose file call each other."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return bool(host) and "." not in host


def is_neighbour(host: str) -> bool:
    """Whether the host is this machine, or a name without a dot, as the services of one compose file call each other."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return "." not in host


Table = Annotated[dict[str, str], BeforeValidator(_table)]
"""A lookup table: what the store says, and what that is in the ERP. Text ("19=V1, 7=V2") says the same in one line."""

PercentTable = Annotated[dict[str, str], BeforeValidator(_table), AfterValidator(_percentages)]
"""A lookup table by percent, as of tax codes. Look in it with `entry_of`."""

Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
"""A list of names or codes. Text ("EAST, WEST") says the same in one line."""

Address = Annotated[str, AfterValidator(_address)]
"""An address over TLS, or over plain http inside a private network; empty where the setting allows it."""

TimeZone = Annotated[str, AfterValidator(_zone)]
"""The name of a time zone, which `zoneinfo.ZoneInfo` has."""


def entry_of(table: Mapping[str, str], number: Decimal | None, default: Default) -> str | Default:
    """What a table that is keyed by numbers, as by percent, has for this one: "19", "19.0" and "19.00" are one number. The
    default where it has nothing, and where there is no number. All keys must be numbers, as those of a PercentTable are."""
    if number is None:
        return default
    return {Decimal(key): entry for key, entry in table.items()}.get(number, default)


def long_secret(value: SecretStr | None) -> SecretStr | None:
    """The secret, if it will do to sign with; a ValueError that says how to make one if not."""
    if value is not None and len(value.get_secret_value()) < LEAST_SECRET:
        raise ValueError(
            f'has fewer than {LEAST_SECRET} characters; make one with: python3 -c "import secrets; '
            'print(secrets.token_hex(32))"'
        )
    return value


class ErpSettings(BaseModel):
    """What every connection to an ERP may set, whatever its system."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    nudge_secret: SecretStr | None = Field(
        default=None,
        description="Signs the nudges by which the ERP says that something changed; at least 32 characters.",
    )

    _long = field_validator("nudge_secret")(long_secret)
