"""The key that signs sessions, kept in erpsync's home so that a restart signs nobody out."""

import os
import secrets
from pathlib import Path

from erpsync.domain.errors import ConfigurationError

FILE = "signing.key"
LEAST_CHARACTERS = 32


def signing_key(home: Path) -> str:
    """The key in `home`/signing.key, made on the first call; processes that start together agree on one.

    Raises ConfigurationError for a file that others may read, that is cut short, or that cannot be made.
    """
    path = home / FILE
    try:
        if not path.exists():
            _make(path)
        mode, key = path.stat().st_mode, path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path} cannot be used ({type(error).__name__}); sessions need it."]) from error
    if mode & 0o077:
        raise ConfigurationError([f"{path} may be read by others, who could then sign in as anybody: chmod 600 it."])
    if len(key) < LEAST_CHARACTERS:
        raise ConfigurationError([f"{path} is cut short; delete it, and everybody signs in anew."])
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        # The name appears with the whole key behind it, and the first process to get here decides which.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
