"""An ERP's word that something changed, at the receiver's door: who is believed, and what comes of it."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import requests
import structlog
from sqlalchemy import Engine

from erpsync import bootstrap
from erpsync.bootstrap import Assembly
from erpsync.config import Settings
from erpsync.domain.ids import ConnectionName
from erpsync.engine import intake, polling
from erpsync.ledger import session
from erpsync.sandbox.runner import Served, serve
from erpsync.systems.dynamics.business_central.simulator import BusinessCentralSimulator
from erpsync.testing.bench import ERP
from erpsync.testing.fakes import FakeWake
from tests.flows.stock_world import StockWorld
from tests.web.conftest import WatchingWake, served
from erpsync.web.app import create_app

SECRET = "a-secret-of-the-erp-that-is-long-enough"
PUBLIC = "https://erpsync.example.com"
ODOO = """
system = "odoo"
url = "https://odoo.example.com"
database = "example"
api_key = { env = "ODOO_KEY" }
"""
SHOP = """
[connections.shop]
system = "shopify"
shop = "example.myshopify.com"
access_token = { env = "SHOPIFY_TOKEN" }
webhook_secret = { env = "SHOPIFY_SECRET" }
"""


@dataclass
class Door:
    """A web process over a real ledger, with connections as a file configures them."""

    url: str
    assembly: Assembly

    def nudge(self, body: bytes = b'{"changed": ["stock"]}', *, to: str = "erp", secret: str = SECRET) -> requests.Response:
        at = str(int(time.time()))
        signature = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return self.post(f"/webhooks/{to}", body, {"Erpsync-Timestamp": at, "Erpsync-Signature": f"v1={signature}"})

    def post(self, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> requests.Response:
        with requests.Session() as client:
            client.trust_env = False
            return client.post(self.url + path, data=body, headers=headers, timeout=30)

    def inbox(self) -> list[dict[str, object]]:
        return StockWorldless(self.assembly.database).rows("SELECT connection, topic, headers FROM inbox ORDER BY id")
