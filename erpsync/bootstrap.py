"""The only composition root: from Settings to everything that works."""

import os
import random
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from erpsync import logs
from erpsync.bound import Bound, bind
from erpsync.config import Route, Settings, read
from erpsync.domain.errors import ConfigurationError, Rejected
from erpsync.domain.ids import ConnectionName
from erpsync.engine.limits.limiter import ConnectionLimiter
from erpsync.engine.limits.shared import FailsafeBuckets, open_buckets
from erpsync.engine.runtime import Runtime
from erpsync.flows import catalogue, history, table
from erpsync.flows.context import FlowContext
from erpsync.flows.price_terms import known_prices
from erpsync.ledger import connections, session
from erpsync.ports.backfill import Past
from erpsync.ports.erp import Erp
from erpsync.ports.flow import Flow
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Clock, Tools, Wake
from erpsync.ports.spec import Role, StoreAbility
from erpsync.ports.stock_cache import NoCache, StockCache
from erpsync.ports.store import Store
from erpsync.ports.subscriptions import Subscriptions
from erpsync.ports.webhooks import Change, Webhooks
from erpsync.route_rules import (
    contradictions,
    customer_rules_of,
    order_rules_of,
    price_rules_of,
    product_rules_of,
    stock_rules_of,
)
from erpsync.transport.stock_cache import open_stock_cache


class SystemClock:
    """The machine's clock. `doctor` compares it with PostgreSQL's, since leases of several machines meet there."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Assembly:
    """Everything that one process works with. Adapters are opened when first used and kept; not for several threads."""

    settings: Settings
    bound: dict[ConnectionName, Bound]
    database: Engine
    clock: Clock
    _tools: Tools
    limits: FailsafeBuckets = field(default_factory=lambda: open_buckets("", SystemClock(), 1))
    stock_cache: StockCache = field(default_factory=NoCache)
    _adapters: dict[ConnectionName, Store | Erp] = field(default_factory=dict)
    _webhooks: dict[ConnectionName, Webhooks] = field(default_factory=dict)
    _flows: dict[tuple[str, ConnectionName, ConnectionName], Flow] = field(default_factory=dict)

    def store(self, name: ConnectionName) -> Store:
        bound = self.bound[name]
        if bound.spec.open_store is None:
            raise KeyError(f"{name} is not a store")
        if name not in self._adapters:
            self._adapters[name] = bound.spec.open_store(name, bound.settings, self._tools_of(bound))
        return self._adapters[name]  # type: ignore[return-value]

    def erp(self, name: ConnectionName) -> Erp:
        bound = self.bound[name]
        if bound.spec.open_erp is None:
            raise KeyError(f"{name} is not an ERP")
        if name not in self._adapters:
            self._adapters[name] = bound.spec.open_erp(name, bound.settings, self._tools_of(bound))
        return self._adapters[name]  # type: ignore[return-value]

    def adapter(self, name: ConnectionName) -> Store | Erp:
        return self.store(name) if self.bound[name].spec.role is Role.STORE else self.erp(name)

    def webhooks(self, name: ConnectionName) -> Webhooks:
        """Raises KeyError for a connection that is not configured or sends no webhooks."""
        if name not in self._webhooks:
            found = self.bound[name].webhooks()
            if found is None:
                raise KeyError(f"{name} sends no webhooks")
            self._webhooks[name] = found
        return self._webhooks[name]

    def targets(self, flow: str, source: ConnectionName) -> tuple[ConnectionName, ...]:
        ways = [way_of(flow, route) for route in self.settings.routes if flow in route.flows]
        return tuple(target for start, target in ways if start == source)

    def flow(self, name: str, source: ConnectionName, target: ConnectionName) -> Flow:
        """Raises Rejected where the configuration has no such route any more."""
        key = (name, source, target)
        if key not in self._flows:
            self._flows[key] = table.build(name, self.context(self.route(*key)))
        return self._flows[key]

    def subscribing(self) -> list[tuple[ConnectionName, Subscriptions, str]]:
        """The connections whose webhooks erpsync looks after, each with the address that they are to deliver to."""
        found = []
        for name, bound in self.bound.items():
            address = self.settings.web.webhook_address(name)
            remote = self._subscriptions(bound) if address else None
            if remote is not None:
                found.append((name, remote, address))
        return found

    def runtime(self, wake: Wake) -> Runtime:
        return Runtime(
            database=self.database,
            clock=self.clock,
            wake=wake,
            jitter=random.random,
            lease=timedelta(seconds=self.settings.limits.lease_seconds),
            worker=f"{socket.gethostname()}:{os.getpid()}",
            flow=self.flow,
            targets=self.targets,
            webhooks=self.webhooks,
            ping=lambda name: self.adapter(name).ping(),
            settle_seconds=self.settle_seconds,
            changes=self.changes,
            full_every=table.full_every,
            rereads=self.rereads,
            history=lambda past, cursor: history.page(self._contexts(past)[0], past, cursor),
            known=self._known,
        )

    def rereads(self, source: ConnectionName) -> bool:
        """Whether the state of a record can be read from the source at any time: of a store's orders, mostly. What an ERP
        tells is kept as it was told."""
        bound = self.bound.get(source)
        if bound is None or bound.spec.role is Role.ERP:
            return bound is None
        return StoreAbility.READ_ORDERS not in bound.capabilities.missing

    def changes(self, flow: str, source: ConnectionName, since: Since) -> Page[Change]:
        """What changed in a source for a flow. Raises KeyError where no route takes the flow from there."""
        routes = [route for route in self.settings.routes if (source, flow) in _polled(route)]
        if not routes:
            raise KeyError(f"no route takes {flow} from {source}")
        stores = tuple(route.source for route in routes)
        return table.changes(flow, replace(self.context(routes[0]), stores=stores), since)

    def polls(self) -> list[tuple[ConnectionName, str, float]]:
        """What is polled: a source, a flow, and how many seconds lie between two polls; the shortest of its routes."""
        every: dict[tuple[ConnectionName, str], float] = {}
        for route in self.settings.routes:
            for source, flow in _polled(route):
                if route.poll_seconds > 0 and (flow != "orders" or self.rereads(source)):
                    seconds = max(route.poll_seconds, catalogue.POLL_SECONDS if flow == catalogue.NAME else 0)
                    every[source, flow] = min(every.get((source, flow), seconds), seconds)
        return [(source, flow, seconds) for (source, flow), seconds in every.items()]

    def settle_seconds(self, name: ConnectionName) -> float:
        bound = self.bound.get(name)
        return 0.0 if bound is None else bound.spec.settle_seconds(bound.settings)

    def announce(self) -> None:
        """Makes the configured connections known to the ledger."""
        with self.database.begin() as connection:
            for bound in self.bound.values():
                connections.see(connection, bound.name, bound.spec.name, bound.spec.role, self.clock.now())

    def _subscriptions(self, bound: Bound) -> Subscriptions | None:
        if bound.spec.role is Role.STORE:
            return None if StoreAbility.SUBSCRIBE in bound.capabilities.missing else self.store(bound.name)
        opened = bound.spec.open_subscriptions
        return None if opened is None else opened(bound.name, bound.settings, self._tools_of(bound))

    def _tools_of(self, bound: Bound) -> Tools:
        tools = self._tools
        allowance = bound.spec.allowance(bound.settings)
        limiter = ConnectionLimiter(bound.name, bound.spec.name, allowance, self.limits, tools.pause, tools.nonce)
        return replace(tools, limiter=limiter)

    def _known(self, past: Past, changes: Sequence[Change]) -> int:
        found = [history.known(context, past, changes) for context in self._contexts(past)]
        return len(set.intersection(*found))

    def _contexts(self, past: Past) -> list[FlowContext]:
        """Those of the routes that a past is read for. Raises Rejected where there are none any more."""
        targets = self.targets(past.flow, past.source) if past.target is None else (past.target,)
        found = [self.context(self.route(past.flow, past.source, target)) for target in targets]
        if not found:
            raise Rejected(
                "no-route",
                system="erpsync",
                what=f"The configuration has no route any more that takes {past.flow} from {past.source}.",
                next_step="Add the route again, or cancel the backfill.",
            )
        return found

    def route(self, flow: str, source: ConnectionName, target: ConnectionName) -> Route:
        """Raises Rejected where the configuration has no such route any more."""
        for route in self.settings.routes:
            if flow in route.flows and way_of(flow, route) == (source, target):
                return route
        raise Rejected(
            "no-route",
            system="erpsync",
            what=f"The configuration has no route any more that takes {flow} from {source} to {target}.",
            next_step="Add the route again and replay, or discard.",
        )

    def context(self, route: Route) -> FlowContext:
        """What the flows of a route work with."""
        bound = self.bound[route.target]
        settle_seconds = self.settle_seconds(route.target)
        price_rules = price_rules_of(route.prices)
        return FlowContext(
            database=self.database,
            clock=self.clock,
            source=route.source,
            target=route.target,
            store=self.store(route.source),
            erp=self.erp(route.target),
            erp_title=bound.spec.title,
            capabilities=bound.capabilities,
            store_capabilities=self.bound[route.source].capabilities,
            settle_seconds=settle_seconds,
            reservation_seconds=self.settings.limits.lease_seconds + settle_seconds,
            rules=order_rules_of(route),
            customer_rules=customer_rules_of(route),
            product_rules=product_rules_of(route),
            prices=known_prices(self.database, price_rules, route.target, route.source),
            price_rules=price_rules,
            store_of=self.store,
            stock=stock_rules_of(route.stock),
            stock_cache=self.stock_cache,
        )


def _polled(route: Route) -> list[tuple[ConnectionName, str]]:
    """What a route needs to be told of by polls: a source, and a flow or the catalogue."""
    polled = [(way_of(flow, route)[0], flow) for flow in route.flows]
    if any(table.KINDS[flow].reads_catalogue for flow in route.flows if flow in table.KINDS):
        polled.append((route.source, catalogue.NAME))
    return polled


def way_of(flow: str, route: Route) -> tuple[ConnectionName, ConnectionName]:
    """From where to where a flow of the route goes."""
    kind = table.KINDS.get(flow)
    backwards = kind is not None and kind.backwards
    return (route.target, route.source) if backwards else (route.source, route.target)


def configured(*, pool_size: int = 5) -> Assembly:
    """The Assembly of the configuration file and the environment. Raises ConfigurationError with every problem of these
    and of every connection."""
    settings, problems = read()
    return assemble(settings, pool_size=pool_size, found=problems)


def assemble(settings: Settings, *, pool_size: int = 5, found: Sequence[str] = ()) -> Assembly:
    """Checks the connections against their systems and opens the way to the ledger. Opens no connection yet.

    Raises ConfigurationError with every problem of every connection, after those `found` before.
    """
    logs.configure()
    problems = list(found)
    bound = {}
    for config in settings.connections.values():
        one = bind(config, problems)
        if one is not None:
            bound[config.name] = one
    _check_routes(settings, bound, problems)
    if problems:
        raise ConfigurationError(problems)
    clock = SystemClock()
    cache_directory = settings.home / "cache"
    return Assembly(
        settings=settings,
        bound=bound,
        database=session.open_engine(settings.database_url, pool_size=pool_size),
        clock=clock,
        _tools=Tools(clock=clock, nonce=lambda: secrets.token_urlsafe(24), cache_directory=cache_directory),
        limits=open_buckets(settings.redis_url, clock, settings.limits.concurrency),
        stock_cache=open_stock_cache(settings.redis_url, clock.now),
    )


def _check_routes(settings: Settings, bound: dict[ConnectionName, Bound], problems: list[str]) -> None:
    for number, route in enumerate(settings.routes, 1):
        for flow in route.flows:
            if flow not in table.FLOWS:
                problems.append(
                    f"[[routes]] number {number}: {flow!r} is not a flow; there are {', '.join(table.FLOWS)}."
                )
        for name, role in ((route.source, Role.STORE), (route.target, Role.ERP)):
            if name in bound and bound[name].spec.role is not role:
                problems.append(
                    f"[[routes]] number {number}: {name} is not {'a store' if role is Role.STORE else 'an ERP'}."
                )
        problems += [f"[[routes]] number {number}: {lack}" for lack in _lacks(route, bound)]
    problems += contradictions(settings.routes)


def _lacks(route: Route, bound: dict[ConnectionName, Bound]) -> list[str]:
    """What the ends of a route cannot do that its flows need, each with what happens instead."""
    found = []
    for flow in route.flows:
        kind = table.KINDS.get(flow)
        for name, needs in (
            (route.source, kind.needs_of_store if kind else ()),
            (route.target, kind.needs_of_erp if kind else ()),
        ):
            missing = bound[name].capabilities.missing if name in bound else {}
            found += [f"{name} cannot do {flow}. {missing[need]}" for need in needs if need in missing]
    return found
