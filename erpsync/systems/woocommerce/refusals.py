"""What WooCommerce's refusals mean.

Sources: https://woocommerce.github.io/woocommerce-rest-api-docs/#errors and, for the words of a refused key, the class
WC_REST_Authentication of WooCommerce itself. Messages are in the shop's language and may hold data: only the codes, and
for keys what the English words tell, are used.
"""

import re
from html import unescape

from erpsync.domain.errors import OutcomeUnknown, Rejected, Skip, SyncError, Transient, Unavailable

SYSTEM = "woocommerce"
NO_ROUTE = "api-not-found"
BARCODE_REFUSED = "barcode-refused"
_CODE = re.compile(r"[a-z0-9_-]{1,80}")
_WAITING = "Waiting records then go on by themselves."


def rejected(code: str, what: str, next_step: str, record: str = "") -> Rejected:
    return Rejected(code, system=SYSTEM, what=what, next_step=next_step, record=record)


def gone(source_id: str) -> Skip:
    return Skip(
        "order-gone",
        what="The order no longer exists in WooCommerce, or is in its trash.",
        record=f"order {source_id[:40]}",
    )


def code_of(body: object) -> str:
    """WooCommerce's own code of an error, empty where it has none."""
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def of_status(status: int, body: object, *, write: bool, settle_seconds: float) -> SyncError | None:
    """The error for a status that concerns the whole call; None for what went well, for what concerns one record (400 and
    404 with a code of WooCommerce's), and for a body that is too large (413). `body` is the answer's JSON, if any."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return Unavailable(
            "shop-moved",
            system=SYSTEM,
            what=f"The address redirects elsewhere ({status}).",
            next_step=f"Write the shop's Site Address (Settings > General), https and www included, as `url`. {_WAITING}",
        )
    code = code_of(body)
    if status == 401:
        return _of_key(body, write=write, settle_seconds=settle_seconds)
    if status == 403:
        return _forbidden(code)
    if status == 404 and code in ("", "rest_no_route"):
        return Unavailable(
            NO_ROUTE,
            system=SYSTEM,
            what="There is no WooCommerce REST API at this address (404).",
            next_step="Check `url`; in WordPress, choose any Permalinks but Plain (Settings > Permalinks) and see that "
            f"WooCommerce is active. `erpsync doctor` tells which. {_WAITING}",
        )
    if code or status == 413:
        return None
    return Transient("answer-unexpected", system=SYSTEM, what=f"WooCommerce answered {status} without a code.")


def _of_key(body: object, *, write: bool, settle_seconds: float) -> SyncError:
    """A 401. A key that may read and not write gets one too."""
    words = str(body.get("message", "")).lower() if isinstance(body, dict) else ""
    if "permission" in words and "write" in words:
        return rejected(
            "permission-missing",
            "The API key may only read.",
            'Give the key the permission "Read/Write" (WooCommerce > Settings > Advanced > REST API), then replay.',
        )
    if "timestamp" in words:
        return Unavailable(
            "clock-refused",
            system=SYSTEM,
            what="WooCommerce refused the signature's time: the clocks are more than 15 minutes apart.",
            next_step=f"Set this machine's and the shop's clock by NTP. {_WAITING}",
        )
    if "nonce" in words:
        # Every request has a nonce of its own: something between repeated this one, and the first may have been done.
        what = "WooCommerce has seen this very request before: something between repeats requests."
        if write:
            return OutcomeUnknown("request-repeated", system=SYSTEM, what=what, settle_seconds=settle_seconds)
        return Transient("request-repeated", system=SYSTEM, what=what)
    if "signature" in words:
        return Unavailable(
            "signature-refused",
            system=SYSTEM,
            what="WooCommerce refused the signature.",
            next_step="Check `consumer_secret`; and if the shop is called by another address than its own, write its Site "
            f"Address as `site_address`. {_WAITING}",
        )
    return Unavailable(
        "credentials-refused",
        system=SYSTEM,
        what="WooCommerce refused the API key (401).",
        next_step="Check `consumer_key` and `consumer_secret`. A web server that does not pass the Authorization header"
        f' on to PHP is got round by authentication = "oauth1". Then run `erpsync doctor`. {_WAITING}',
    )


def of_row(error: object, record: str) -> SyncError:
    """The error of one record, alone or in a batch. An order that is not there is a Skip."""
    code = code_of(error)
    if code.endswith("invalid_id") and record.startswith("order "):
        return gone(record.removeprefix("order "))
    data = error.get("data") if isinstance(error, dict) else None
    params = data.get("params") if isinstance(data, dict) else None
    fields = sorted(name for name in params if _CODE.fullmatch(str(name))) if isinstance(params, dict) else []
    about = f" about {', '.join(fields)}" if fields else ""
    return rejected(
        "record-refused",
        f"WooCommerce refuses the change ({code or 'no code'}{about}).",
        "Open the record in WooCommerce and save it there to see what is wrong; correct it, then replay.",
        record,
    )


def of_product(error: object, record: str) -> Rejected:
    """The error of one row of the catalogue, in the shop's own words, which hold nothing personal."""
    code, words = code_of(error), words_of(error)
    data = error.get("data") if isinstance(error, dict) else None
    owner = data.get("resource_id") if isinstance(data, dict) else None
    by_whom = f" Product {owner} has it." if isinstance(owner, int) and owner else ""
    next_step = "Correct the item in the ERP, or the product in WooCommerce, then replay."
    if code == "product_invalid_sku":
        next_step = "Give each its own SKU; WooCommerce does not tell small letters from capitals. Then replay."
    ours = BARCODE_REFUSED if code.startswith("product_invalid_global_unique_id") else "record-refused"
    return rejected(ours, f"WooCommerce refuses it ({code or 'no code'}): {words}{by_whom}", next_step, record)


def words_of(error: object) -> str:
    """What WooCommerce says, as one line without markup. The query of an address may be secret, and is left out."""
    message = error.get("message") if isinstance(error, dict) else None
    plain = unescape(re.sub(r"<[^>]*>", "", message)) if isinstance(message, str) else ""
    return re.sub(r"(https?://[^\s?]*)\?\S*", r"\1", " ".join(plain.split()))[:200]


def _forbidden(code: str) -> SyncError:
    if not code:
        return Unavailable(
            "request-blocked",
            system=SYSTEM,
            what="Something in front of WooCommerce refuses the requests (403): a firewall or a security plugin.",
            next_step=f"Let this machine's address and /wp-json/wc/ through there. {_WAITING}",
        )
    return rejected(
        "permission-missing",
        f"The user of the API key lacks a right ({code}).",
        'Give the key to a user with the role "Shop manager" or "Administrator", then replay.',
    )
