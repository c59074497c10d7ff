"""Stock in Redis, for product pages."""

import json

import redis

from erpsync.domain.ids import ConnectionName
from erpsync.ports.stock_cache import NoCache
from erpsync.servers.launcher import Servers
from erpsync.testing.clock import TestClock
from erpsync.transport.stock_cache import SECONDS, RedisStockCache, open_stock_cache

SHOP = ConnectionName("shop")


def test_a_page_finds_all_variants_of_a_product_for_an_hour(servers: Servers) -> None:
    clock = TestClock()
    cache = open_stock_cache(servers.redis_url, clock.now)
    cache.put(SHOP, {"8071": {"MUG-RED": {"main": 7, "outlet": 0}, "MUG-BLUE": {"main": 2}}})
    cache.put(SHOP, {"8071": {"MUG-BLUE": {"main": 1}}})
    client = redis.Redis.from_url(servers.redis_url, decode_responses=True)
    found = {name: json.loads(value) for name, value in client.hgetall("inventory:8071").items()}
    assert found == {"shop/MUG-RED": {"main": 7, "outlet": 0}, "shop/MUG-BLUE": {"main": 1}}
    assert SECONDS - 5 <= client.ttl("inventory:8071") <= SECONDS == 3_600
    client.close()


def test_two_stores_with_the_same_product_number_do_not_meet(servers: Servers) -> None:
    cache = open_stock_cache(servers.redis_url, TestClock().now)
    for name in ("east", "west"):
        cache.put(ConnectionName(name), {"twice": {"MUG": {"main": len(name)}}})
    client = redis.Redis.from_url(servers.redis_url, decode_responses=True)
    assert set(client.hgetall("inventory:twice")) == {"east/MUG", "west/MUG"}
    client.close()


def test_without_redis_a_push_goes_on_and_pages_go_without() -> None:
    clock = TestClock()
    cache = RedisStockCache("redis://127.0.0.1:1/0", clock.now)
    for _ in range(3):
        cache.put(SHOP, {"17": {"MUG": {"main": 1}}})
        clock.advance(31)


def test_an_address_that_is_none_keeps_nothing() -> None:
    clock = TestClock()
    assert isinstance(open_stock_cache("no address", clock.now), NoCache)
    assert isinstance(open_stock_cache("", clock.now), NoCache)
