"""Who is who: the configured operators, their passwords and their sessions."""

import hashlib
import hmac
import secrets
from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime, timedelta

from erpsync.config import Operator
from erpsync.ports.runtime import Clock

# A working day.
SESSION = timedelta(hours=12)

Session = MutableMapping[str, object]


class Accounts:
    """Signs operators in and recognises them. A session ends with its time, with the operator's entry in the
    configuration, and with any change of password or role."""

    def __init__(self, operators: Sequence[Operator], key: str, clock: Clock) -> None:
        self._operators = {operator.name: operator for operator in operators}
        self._key = key.encode()
        self._clock = clock

    def sign_in(self, session: Session, name: str, password: str) -> Operator | None:
        """The operator, whose session starts afresh; None where name or password is wrong, without telling which."""
        operator = self._operators.get(name)
        # An unknown name is compared too, so that the time taken does not tell which names there are.
        expected = operator.password.get_secret_value() if operator else secrets.token_urlsafe(16)
        if not _equal(password, expected) or operator is None or not expected:
            return None
        session.clear()
        session["name"] = operator.name
        session["since"] = self._clock.now().isoformat()
        session["seal"] = self._seal(operator)
        return operator

    def recognise(self, session: Session) -> Operator | None:
        """The operator whose session this is; None where there is none or it has ended."""
        operator = self._operators.get(str(session.get("name", "")))
        if operator is None or not _equal(str(session.get("seal", "")), self._seal(operator)):
            return None
        since = datetime.fromisoformat(str(session["since"])).astimezone(UTC)
        return operator if self._clock.now() - since < SESSION else None

    def _seal(self, operator: Operator) -> str:
        known = "\0".join((operator.name, operator.role, operator.password.get_secret_value()))
        return hmac.new(self._key, b"erpsync session\0" + known.encode(), hashlib.sha256).hexdigest()


def csrf_token(session: Session) -> str:
    """The token that every form of this session carries; made when first asked for."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(32)
    return str(session["csrf"])


def is_own_form(session: Session, token: str) -> bool:
    """Whether a form with this token was one of this session's. A session without a token has none."""
    return "csrf" in session and _equal(token, str(session["csrf"]))


def _equal(left: str, right: str) -> bool:
    """In a time that tells nothing of either, not even their lengths."""
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (left, right))
    return hmac.compare_digest(*digests)
