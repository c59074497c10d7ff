"""What docs/custom-shop/README.md tells a developer to paste does what it says."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from erpsync.domain.orders import balance
from erpsync.ports.store_records import ProductField
from erpsync.ports.webhooks import Delivery
from erpsync.systems.custom import wire_products
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.webhooks import CustomWebhooks, order_from_event
from erpsync.transport import signing
from tests.systems.custom.events import SECRET

TEXT = (Path(__file__).resolve().parents[3] / "docs/custom-shop/README.md").read_text(encoding="utf-8")
WEBHOOKS = CustomWebhooks(CustomSettings.model_validate({"secret": SECRET}))
# What Zapier puts around a step, and a fetch that shows what is sent.
AROUND = """
const fetch = async (url, asked) => { console.log(JSON.stringify(asked)); return {ok: true, status: 200}; };
const inputData = %s;
(async () => { %s })();
"""
INPUT = {
    "secret": SECRET,
    "receiver": "https://erpsync.example.com/webhooks/shop",
    "id": "1001",
    "number": "#1001",
    "created": "2026-11-26T14:00:00Z",
    "updated": "2026-11-26T14:00:00Z",
    "currency": "EUR",
    "email": "ada@example.com",
    "skus": "MUG, CUP",
    "quantities": "2,1",
    "prices": "9.95, 5.00",
    "method": "standard",
    "shipping": "4.90",
    "total": "29.80",
}


def blocks(language: str) -> list[str]:
    return [part.split("```")[0] for part in TEXT.split(f"```{language}\n")[1:]]


def test_the_event_is_one_and_adds_up() -> None:
    body = blocks("json")[0]
    assert balance(order_from_event(body.encode(), pushes=False)).residual.amount == 0


def test_the_products_and_their_answer_are_the_contracts() -> None:
    asked, answered = blocks("json")[1:]
    [product] = wire_products.Products.model_validate_json(asked).products
    assert {*product.fields} == {*ProductField}
    assert json.loads(asked)["products"][0].keys() == product.model_dump().keys()
    [result] = wire_products.ProductResults.model_validate_json(answered).results
    assert result.reference == product.reference
    assert result.variants.keys() == {variant.sku for variant in product.variants}


def test_the_step_for_zapier_sends_what_is_believed() -> None:
    node = shutil.which("node") or pytest.skip("no node to run JavaScript with")
    [script] = blocks("js")
    said = subprocess.run(
        [node, "-e", AROUND % (json.dumps(INPUT), script)], capture_output=True, check=True, timeout=60
    )
    asked = json.loads(said.stdout)
    delivery = Delivery({name.lower(): value for name, value in asked["headers"].items()}, asked["body"].encode())
    WEBHOOKS.verify(delivery, datetime.now(UTC))
    [change] = WEBHOOKS.changes(delivery)
    assert (change.source_id, change.carries_state) == ("1001", True)
    order = order_from_event(delivery.body, pushes=True)
    assert (len(order.lines), [line.code for line in order.shipping_lines]) == (2, ["standard"])
    assert balance(order).residual.amount == 0


@pytest.mark.parametrize("place", [0, 1], ids=["a webhook", "a call of ours"])
def test_the_lines_for_curl_sign_as_we_do(place: int) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to sign with")
    lines = blocks("sh")[place].split("curl")[0]
    script = f'{lines}\nprintf "%s\\n%s\\n%s" "$now" "$signature" "$body"'
    said = subprocess.run(
        ["sh", "-c", script],
        env={"SHOP_SECRET": SECRET, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    now, signature, body = said.stdout.split(b"\n")
    if place == 0:
        headers = {"erpsync-timestamp": now.decode(), "erpsync-signature": f"v1={signature.decode()}"}
        WEBHOOKS.verify(Delivery(headers, body), datetime.now(UTC))
        assert WEBHOOKS.topic(Delivery(headers, body)) == "order.deleted"
    else:
        at = datetime.fromtimestamp(int(now), UTC)
        ours = signing.call_headers([SECRET.encode()], "GET", "/ping", b"", at)
        assert ours[signing.SIGNATURE] == f"v1={signature.decode()}"
