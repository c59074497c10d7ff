"""Updates of many records in one call, of which one bad record fails alone."""

from collections.abc import Sequence
from typing import Any

from erpsync.domain.errors import Rejected
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.refusals import SYSTEM, words_of

# https://developer.bigcommerce.com/docs/rest-catalog/products#update-products-batch and its neighbours.
PRODUCTS_PER_CALL = 10
VARIANTS_PER_CALL = 50
# What a batch is refused for by one of its records, and not by the state of the store.
_OF_A_RECORD = ("request-refused", "not-found")


def put_all(client: BigCommerceClient, path: str, bodies: Sequence[dict[str, Any]], most: int) -> list[Rejected | None]:
    """Updates up to `most` records in one call; for each what it was refused for, None where it is saved.

    BigCommerce refuses a batch as a whole, and says neither of which record nor why it was: halves are tried. Repeating
    it is harmless, so that a lost reply is an outage.
    """
    answers: list[Rejected | None] = []
    for start in range(0, len(bodies), most):
        answers += _put(client, path, bodies[start : start + most])
    return answers


def _put(client: BigCommerceClient, path: str, bodies: Sequence[dict[str, Any]]) -> list[Rejected | None]:
    try:
        answer = client.put(path, bodies)
        # 207: saved, but for what one of them was refused.
        refused = _partly(words_of(answer.body)) if answer.status == 207 else None
    except Rejected as error:
        if error.code not in _OF_A_RECORD:
            raise
        refused = error
    if refused is None:
        return [None] * len(bodies)
    if len(bodies) == 1:
        return [refused]
    half = len(bodies) // 2
    return _put(client, path, bodies[:half]) + _put(client, path, bodies[half:])


def _partly(words: str) -> Rejected:
    return Rejected(
        "partly-saved",
        system=SYSTEM,
        what=f"BigCommerce saved it only in part{': ' + words if words else ''}.",
        next_step="Look at the product in BigCommerce's control panel, correct what is named, then replay.",
    )
