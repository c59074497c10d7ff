"""Stock in Redis, for product pages: `inventory:{product_id}`, a hash of `store/SKU` to what each location has, as JSON.

    redis-cli hgetall inventory:8071  ->  shop/MUG-RED  {"main": 7}

The product's id is the store's own. An hour after it was last written a key is gone.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from erpsync.domain.ids import ConnectionName
from erpsync.ports.stock_cache import ByProduct, NoCache, StockCache

log = structlog.get_logger()

SECONDS = 3_600
_SOCKET_SECONDS = 1.0
_REST = timedelta(seconds=30)


def open_stock_cache(url: str, now: Callable[[], datetime]) -> StockCache:
    """Connects when first used. An address that is none keeps nothing: `doctor` tells of it."""
    try:
        return RedisStockCache(url, now) if url else NoCache()
    except ValueError:
        return NoCache()


class RedisStockCache:
    """See `ports.stock_cache.StockCache`. While Redis does not answer, pages go without."""

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        """Raises ValueError for an address that is none."""
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=_SOCKET_SECONDS,
            socket_connect_timeout=_SOCKET_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._now = now
        self._rests_until: datetime | None = None

    def put(self, store: ConnectionName, products: ByProduct) -> None:
        if not products or (self._rests_until is not None and self._now() < self._rests_until):
            return
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                for product_id, skus in products.items():
                    key = f"inventory:{product_id}"
                    pipeline.hset(key, mapping={f"{store}/{sku}": json.dumps(places) for sku, places in skus.items()})
                    pipeline.expire(key, SECONDS)
                pipeline.execute()
        except RedisError as error:
            self._rests_until = self._now() + _REST
            log.warning("stock_cache.unreachable", error=type(error).__name__)
