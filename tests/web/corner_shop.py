"""A store as another distribution would bring it, found by its entry point in processes that tests start."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, SecretStr

from erpsync.domain.ids import ConnectionName
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.ports.webhooks import Change, Delivery, NotAuthentic


class CornerSettings(BaseModel):
    webhook_secret: SecretStr


class CornerWebhooks:
    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def verify(self, delivery: Delivery, now: datetime) -> None:
        expected = hmac.new(self._secret, delivery.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, delivery.headers.get("x-corner-signature", "")):
            raise NotAuthentic("The signature does not match the body.")

    def delivery_key(self, delivery: Delivery) -> str:
        return delivery.headers["x-corner-id"]

    def topic(self, delivery: Delivery) -> str:
        return "orders"

    def changes(self, delivery: Delivery) -> Sequence[Change]:
        return []


def open_webhooks(name: ConnectionName, settings: CornerSettings) -> CornerWebhooks:
    return CornerWebhooks(settings.webhook_secret.get_secret_value().encode())


SPEC = SystemSpec(
    name="corner",
    title="Corner Shop",
    role=Role.STORE,
    settings=CornerSettings,
    capabilities=Capabilities(),
    open_webhooks=open_webhooks,
)
