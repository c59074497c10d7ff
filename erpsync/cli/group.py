"""How commands are grouped under a noun: `erpsync jobs list`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    name: str
    help: str
    commands: Mapping[str, Callable[..., None]]
