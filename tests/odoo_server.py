"""A real Odoo 19 for tests: found or started, seeded like the simulators, and reached through a proxy that fails as told.

Found by ERPSYNC_TEST_ODOO_URL, ERPSYNC_TEST_ODOO_DATABASE and ERPSYNC_TEST_ODOO_API_KEY: an administrator's key of a
database made for nothing else, since it is written to. Else started by the script that ERPSYNC_REAL_ODOO names.
"""

import fcntl
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from erpsync.ports.simulator import Start
from erpsync.sandbox.faults import ConnectionDropped, FaultySimulator
from erpsync.sandbox.runner import serve
from erpsync.systems.odoo.settings import OdooSettings

ROOT = Path(__file__).resolve().parent.parent
SKUS = 50
SERVICES = {
    "shipping_product": "SHIPPING",
    "discount_product": "DISCOUNT",
    "charge_product": "CHARGE",
    "rounding_product": "ROUNDING",
    "tax_product": "TAX",
    "refund_product": "REFUND",
}
# What WH/Stock is beside: a second place that holds stock.
SHOP = "WH/Shop"
INSTALL_SECONDS = 480
START_SECONDS = 120


@dataclass(frozen=True)
class OdooServer:
    """Where a real Odoo answers, and an administrator's key to it."""

    url: str
    database: str
    api_key: str

    def call(self, model: str, method: str, *, key: str = "", **body: object) -> Any:
        """One call, past the adapter. Fails the test with Odoo's words where Odoo refuses it."""
        status, answer = self.post(f"/json/2/{model}/{method}", body, key=key)
        assert status == 200, f"{model}/{method}: {status} {answer.get('message')}"
        return answer

    def post(self, path: str, body: object, *, key: str = "", database: str = "") -> tuple[int, Any]:
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"bearer {key or self.api_key}",
            "X-Odoo-Database": database or self.database,
        }
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=START_SECONDS) as reply:
                return reply.status, json.loads(reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _json_or_empty(error.read())

    def execute(self, model: str, method: str, *arguments: object) -> Any:
        """One call by XML-RPC, past the adapter. Raises xmlrpc.client.Fault where Odoo refuses it."""
        with xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/object") as service:
            return service.execute_kw(self.database, _ADMIN_ID, self.api_key, model, method, list(arguments), {})

    def search(self, model: str, domain: list[object], *fields: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call(model, "search_read", domain=domain, fields=list(fields), order="id")
        return found


@pytest.fixture(scope="session")
def real_odoo() -> Iterator[OdooServer]:
    """A real Odoo with an empty database, seeded. Skips, saying why, where there is none to be had."""
    with running() as server:
        seed(server)
        yield server


class _Shared:
    """One server however many folders import the fixture: each import is a session fixture of its own."""

    users = 0
    server: OdooServer | None = None
    script: Path | None = None
    environment: Mapping[str, str] = {}
    lock: Any = None


@contextmanager
def running() -> Iterator[OdooServer]:
    """The server while the block runs; the last block to end stops it."""
    if _Shared.users == 0:
        _start()
    _Shared.users += 1
    try:
        assert _Shared.server is not None
        yield _Shared.server
    finally:
        _Shared.users -= 1
        if _Shared.users == 0:
            _stop()


def seed(server: OdooServer) -> None:
    """Makes euros the currency, and the products and taxes that the simulators have. What is there already stays."""
    [euro] = server.search("res.currency", [["name", "=", "EUR"], ["active", "in", [True, False]]], "active")
    server.call("res.currency", "write", ids=[euro["id"]], vals={"active": True})
    for company in server.search("res.company", [["currency_id", "!=", euro["id"]]], "name"):
        server.call("res.company", "write", ids=[company["id"]], vals={"currency_id": euro["id"]})
    have = {row["default_code"] for row in server.search("product.product", [], "default_code")}
    products = [
        {
            "name": f"Product {number}",
            "default_code": f"SKU-{number:04}",
            "list_price": 5.9 + number,
            "is_storable": True,
        }
        for number in range(1, SKUS + 1)
    ]
    products += [{"name": code.title(), "default_code": code, "type": "service"} for code in SERVICES.values()]
    missing = [{**each, "taxes_id": []} for each in products if each["default_code"] not in have]
    if missing:
        server.call("product.product", "create", vals_list=missing)
    have = {row["name"] for row in server.search("account.tax", [], "name")}
    taxes = [
        {"name": name, "amount": percent, "type_tax_use": "sale", "price_include_override": f"tax_{kind}"}
        for name, percent, kind in _TAXES
        if name not in have
    ]
    if taxes:
        server.call("account.tax", "create", vals_list=taxes)
    if not server.search("stock.location", [["complete_name", "=", SHOP]], "name"):
        [stock] = server.search("stock.location", [["complete_name", "=", "WH/Stock"]], "location_id")
        place = {"name": "Shop", "usage": "internal", "location_id": stock["location_id"][0]}
        server.call("stock.location", "create", vals_list=[place])
    # What comes in is for nobody: else orders of other tests would reserve what a test puts there.
    if not server.search("ir.config_parameter", [["key", "=", _NO_RESERVING]], "value"):
        server.call("ir.config_parameter", "create", vals_list=[{"key": _NO_RESERVING, "value": "1"}])


_ADMIN_ID = 2
_NO_RESERVING = "stock.picking_no_auto_reserve"
_TAXES = [(f"erpsync {percent}% {kind}", percent, kind) for percent in (19, 7) for kind in ("excluded", "included")]


def settings_for(server: OdooServer, **changes: object) -> OdooSettings:
    return OdooSettings.model_validate({**values_for(server), **changes})


def values_for(server: OdooServer) -> dict[str, object]:
    """What the connection's table holds for a seeded server, with all service products and taxes."""
    taxes = {row["name"]: row["id"] for row in server.search("account.tax", [["name", "like", "erpsync %"]], "name")}
    table = {
        kind: {f"{percent / 100}": taxes[name] for name, percent, of_kind in _TAXES if of_kind == kind}
        for kind in ("excluded", "included")
    }
    [bank] = server.search("account.journal", [["code", "=", "BNK1"]], "name")
    return {
        "url": server.url,
        "database": server.database,
        "api_key": server.api_key,
        "user": "admin",
        "payment_methods": {"card": bank["id"]},
        "stock_locations": f"WH/Stock, {SHOP}",
        **SERVICES,
        "taxes": table["excluded"],
        "taxes_included": table["included"],
    }


def deliver(server: OdooServer, order_id: int) -> None:
    """Sends everything that the order asks for."""
    [order] = server.search("sale.order", [["id", "=", order_id]], "picking_ids")
    moves = server.search("stock.move", [["picking_id", "in", order["picking_ids"]]], "product_uom_qty")
    for move in moves:
        server.call("stock.move", "write", ids=[move["id"]], vals={"quantity": move["product_uom_qty"], "picked": True})
    server.call("stock.picking", "button_validate", ids=order["picking_ids"], context={"skip_backorder": True})


def invoice(server: OdooServer, order_id: int) -> None:
    """Posts an invoice for what the order's lines ask for."""
    lines = server.search("sale.order.line", [["order_id", "=", order_id]], "product_id")
    products = sorted({line["product_id"][0] for line in lines})
    server.call("product.product", "write", ids=products, vals={"invoice_policy": "order"})
    values = {"advance_payment_method": "delivered", "sale_order_ids": [[6, 0, [order_id]]]}
    [wizard] = server.call("sale.advance.payment.inv", "create", vals_list=[values])
    server.call("sale.advance.payment.inv", "create_invoices", ids=[wizard])
    [order] = server.search("sale.order", [["id", "=", order_id]], "invoice_ids")
    server.call("account.move", "action_post", ids=order["invoice_ids"])


def key_of_new_user(server: OdooServer, login: str, *groups: str) -> str:
    """The API key of a new internal user with these groups, each as "module.name"; made as people make theirs."""
    names = ("base.group_user", *groups)
    ids = [_external_id(server, *name.split(".")) for name in names]
    values = {"name": login, "login": login, "password": f"pass-{login}", "group_ids": [[6, 0, ids]]}
    server.call("res.users", "create", vals_list=[values])
    session = _Session(server, login, f"pass-{login}")
    description = session.call("res.users.apikeys.description", "create", [{"name": "tests", "duration": "1"}])
    checked = session.call("res.users.apikeys.description", "make_key", [description])
    if checked["res_model"] == "res.users.identitycheck":
        context = {"context": {"password": f"pass-{login}"}}
        checked = session.call("res.users.identitycheck", "run_check", [[checked["res_id"]]], context)
    return str(checked["context"]["default_key"])


def let_read_external_ids(server: OdooServer, login: str) -> None:
    """Lets the user read external ids, by a group and an access right made for nothing else, as the README describes."""
    [group] = server.call("res.groups", "create", vals_list=[{"name": f"external ids of {login}"}])
    [model] = server.search("ir.model", [["model", "=", "ir.model.data"]], "name")
    right = {"name": group, "model_id": model["id"], "group_id": group, "perm_read": True}
    server.call(
        "ir.model.access",
        "create",
        vals_list=[{**right, "perm_write": False, "perm_create": False, "perm_unlink": False}],
    )
    [user] = server.search("res.users", [["login", "=", login]], "name")
    server.call("res.users", "write", ids=[user["id"]], vals={"group_ids": [[4, group]]})


class Proxy:
    """Stands before a real Odoo as a simulator does before nothing, so that the same faults can be aimed at it."""

    def __init__(self, server: OdooServer) -> None:
        self._server = server

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        address = urlsplit(self._server.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=START_SECONDS)
        names = ("Authorization", "X-Odoo-Database", "Content-Type")
        keys = {name: "CONTENT_TYPE" if name == "Content-Type" else f"HTTP_{_shouted(name)}" for name in names}
        headers = {name: environ[key] for name, key in keys.items() if key in environ}
        try:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            connection.request(environ["REQUEST_METHOD"], environ["PATH_INFO"], body, headers)
            reply = connection.getresponse()
            payload = reply.read()
        except OSError as error:
            raise ConnectionDropped from error
        finally:
            connection.close()
        kept = [(name, value) for name, value in reply.getheaders() if name in ("Content-Type", "Date")]
        start_response(f"{reply.status} {reply.reason}", [*kept, ("Content-Length", str(len(payload)))])
        return [payload]

    def settings(self, base_url: str) -> Mapping[str, str]:
        return {"url": base_url, "database": self._server.database, "api_key": self._server.api_key}

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        return {}

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        """ "sale.order/load", by whichever protocol; "... by reference" for orders looked up by Customer Reference."""
        path = str(environ["PATH_INFO"])
        if path.startswith("/xmlrpc/2/"):
            params, method = xmlrpc.client.loads(body)
            calls = method == "execute_kw"
            name, arguments = (f"{params[3]}/{params[4]}", params[6]) if calls else (str(method), {})
        else:
            name, arguments = path.removeprefix("/json/2").strip("/"), _json_or_empty(body)
        by_reference = any(term[0] == "client_order_ref" for term in arguments.get("domain", ()))
        return f"{name} by reference" if by_reference else name


@contextmanager
def behind_proxy(server: OdooServer) -> Iterator[tuple[OdooServer, FaultySimulator]]:
    """The same server under another address, and what to aim faults with."""
    with serve({"odoo": Proxy(server)}) as served:
        address = served["odoo"].base_url
        yield OdooServer(address, server.database, server.api_key), served["odoo"].faulty


class _Session:
    """A person's session in the browser, which alone can make API keys."""

    def __init__(self, server: OdooServer, login: str, password: str) -> None:
        self._url = server.url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._post("/web/session/authenticate", {"db": server.database, "login": login, "password": password})

    def call(self, model: str, method: str, args: list[object], kwargs: Mapping[str, object] | None = None) -> Any:
        body = {"model": model, "method": method, "args": args, "kwargs": kwargs or {}}
        return self._post("/web/dataset/call_kw", body)

    def _post(self, path: str, params: object) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}).encode()
        request = urllib.request.Request(self._url + path, body, {"Content-Type": "application/json"})
        with self._opener.open(request, timeout=START_SECONDS) as reply:
            answer = json.loads(reply.read())
        assert "result" in answer, f"{path}: {answer.get('error', {}).get('message')}"
        return answer["result"]


def _start() -> None:
    given = [os.environ.get(f"ERPSYNC_TEST_ODOO_{name}") for name in ("URL", "DATABASE", "API_KEY")]
    if all(given):
        url, database, key = (str(value) for value in given)
        _Shared.server = OdooServer(url.rstrip("/"), database, key)
        return
    script = Path(os.environ.get("ERPSYNC_REAL_ODOO") or ROOT.parent / "shared" / "real-odoo" / "real-odoo.sh")
    if not script.is_file():
        pytest.skip(f"no real Odoo: neither ERPSYNC_TEST_ODOO_URL nor a launcher at {script} (ERPSYNC_REAL_ODOO)")
    home = Path(os.environ.get("ODOO_HOME") or "/var/tmp/real-odoo")  # noqa: S108 - the launcher's default
    if os.geteuid() != 0 and not os.access(home / "apikey", os.W_OK):
        whose = "the one here is another user's" if (home / "apikey").exists() else "it is not installed"
        pytest.skip(f"no real Odoo: {whose}, and installing it needs root for apt")
    # One machine has one such server: test processes that run side by side take turns.
    _Shared.lock = (Path(tempfile.gettempdir()) / "erpsync-real-odoo.lock").open("w")
    fcntl.flock(_Shared.lock, fcntl.LOCK_EX)
    _Shared.script, _Shared.environment = script, {**os.environ, **_ports(home)}
    try:
        _run("stop", START_SECONDS)
        _run("install", INSTALL_SECONDS)
        _run("reset", START_SECONDS)
        printed = dict(line.split("=", 1) for line in _run("start", START_SECONDS).splitlines() if "=" in line)
    except BaseException:
        _stop()
        raise
    _Shared.server = OdooServer(printed["ODOO_URL"], printed["ODOO_DB"], printed["ODOO_APIKEY"])


def _stop() -> None:
    if _Shared.script is not None:
        subprocess.run([_Shared.script, "stop"], env=_Shared.environment, capture_output=True, timeout=START_SECONDS)
    if _Shared.lock is not None:
        _Shared.lock.close()
    _Shared.server, _Shared.script, _Shared.lock = None, None, None


def _run(verb: str, seconds: float) -> str:
    """The launcher's output. Skips with its last line where it fails: no network, no package, no memory."""
    with tempfile.TemporaryFile("w+") as output:
        # Into a file: the server that `start` leaves behind would hold a pipe open.
        command = [str(_Shared.script), verb]
        done = subprocess.Popen(command, env=_Shared.environment, stdout=output, stderr=output, start_new_session=True)
        try:
            done.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(done.pid, signal.SIGKILL)
            done.wait()
            pytest.skip(f"no real Odoo: `{verb}` took more than {seconds} s")
        output.seek(0)
        printed = output.read()
    if done.returncode != 0:
        last = printed.strip().splitlines()[-1:] or ["no output"]
        pytest.skip(f"no real Odoo: `{verb}` failed ({done.returncode}): {last[0]}")
    return printed


def _ports(home: Path) -> dict[str, str]:
    """A port for Odoo that is free. PostgreSQL listens on a socket file only, whose number an installed cluster keeps."""
    chosen = {"ODOO_PORT": os.environ.get("ODOO_PORT") or str(_free_port(8069))}
    configured = home / "pg" / "data" / "postgresql.conf"
    if configured.is_file():
        numbers = re.findall(r"^port = (\d+)", configured.read_text(), re.MULTILINE)
        chosen |= {"ODOO_PGPORT": numbers[-1]} if numbers else {}
    return chosen


def _free_port(wished: int) -> int:
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")


def _external_id(server: OdooServer, module: str, name: str) -> int:
    [row] = server.search("ir.model.data", [["module", "=", module], ["name", "=", name]], "res_id")
    return int(row["res_id"])


def _json_or_empty(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return {}


def _shouted(name: str) -> str:
    return name.upper().replace("-", "_")
