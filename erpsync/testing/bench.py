"""The engine, the flows and a real ledger between a fake store and a fake ERP, on a clock that stands still."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import count

from sqlalchemy import Engine, RowMapping, select, text

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import ConnectionName, JobId, Sku, SourceId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order
from erpsync.engine import backfill, intake, run
from erpsync.engine.runtime import Runtime
from erpsync.engine.sweep import Swept, sweep
from erpsync.flows import history, table
from erpsync.flows.context import CustomerRules, FlowContext, OrderRules, ProductRules
from erpsync.flows.price_rules import PriceRules
from erpsync.flows.price_terms import known_prices
from erpsync.flows.stock_rules import StockRules
from erpsync.ledger import connections, inbox, reads
from erpsync.ledger.dead_letters import DeadLetter
from erpsync.ledger.tables import jobs
from erpsync.ports.erp import Erp
from erpsync.ports.flow import Flow
from erpsync.ports.spec import Capabilities, StoreAbility
from erpsync.ports.stock_cache import StockCache
from erpsync.ports.store import Store
from erpsync.ports.webhooks import Change, Delivery, Webhooks
from erpsync.testing.clock import TestClock
from erpsync.testing.fake_erp import FakeErp
from erpsync.testing.fake_store import FakeStore
from erpsync.testing.fakes import FakeStockCache, FakeWake, FakeWebhooks, change_of, delivery_of
from erpsync.testing.faults import WorkerKilled

SHOP = ConnectionName("shop")
ERP = ConnectionName("erp")
LEASE = timedelta(seconds=315)
SWEEP_SECONDS = 10.0
_PLAIN = OrderRules()
_PLAIN_CUSTOMERS = CustomerRules()
_PLAIN_PRODUCTS = ProductRules()
_PLAIN_STOCK = StockRules()
_PLAIN_PRICES = PriceRules()


class Bench:
    """One shop, one ERP, one route for orders. `flows` and `targets` may be changed before the first run."""

    def __init__(
        self,
        database: Engine,
        *,
        unique_references: bool = True,
        settle_seconds: float = 0.0,
        batch: int = 10,
        rules: OrderRules = _PLAIN,
        capabilities: Capabilities | None = None,
        clock: TestClock | None = None,
        store_capabilities: Capabilities | None = None,
        customer_rules: CustomerRules = _PLAIN_CUSTOMERS,
        product_rules: ProductRules = _PLAIN_PRODUCTS,
        stock: StockRules = _PLAIN_STOCK,
        price_rules: PriceRules = _PLAIN_PRICES,
    ) -> None:
        self.database = database
        self.clock = clock or TestClock()
        self.wake = FakeWake(self.clock)
        self.store = FakeStore(self.clock, SHOP)
        self.erp = FakeErp(self.clock, ERP, unique_references=unique_references)
        self.webhooks: dict[ConnectionName, Webhooks] = {SHOP: FakeWebhooks()}
        self.capabilities = capabilities or Capabilities(batch, unique_references)
        self.settle_seconds = settle_seconds
        self.store_capabilities = store_capabilities or Capabilities()
        self.prices: dict[Sku, Money] = {}
        """Base prices that are known for what is made in the shop, besides those that the ERP told."""
        self._rules = rules
        self._customer_rules = customer_rules
        self._product_rules = product_rules
        self._stock = stock
        self._price_rules = price_rules
        self.stock_cache: StockCache = FakeStockCache()
        self.flows: dict[str, Flow] = _flows(self.context(self.erp, self.store))
        self.targets: tuple[ConnectionName, ...] = (ERP,)
        self.runtime = self.worker("worker-1")
        self._keys = count(1)
        with database.begin() as connection:
            connections.see(connection, SHOP, "fake-store", "store", self.clock.now())
            connections.see(connection, ERP, "fake-erp", "erp", self.clock.now())

    def worker(self, name: str, erp: Erp | None = None, store: Store | None = None) -> Runtime:
        """A worker's Runtime at the same ledger; at the fakes, or at adapters of its own."""
        ours = erp is None and store is None
        context = self.context(erp or self.erp, store or self.store)
        flows = self.flows if ours else _flows(context)
        pings = {SHOP: context.store.ping, ERP: context.erp.ping}
        return Runtime(
            database=self.database,
            clock=self.clock,
            wake=self.wake,
            jitter=lambda: 0.0,
            lease=LEASE,
            worker=name,
            flow=lambda *way: self._flow(flows, *way),
            targets=self._targets,
            webhooks=lambda name: self.webhooks[name],
            ping=lambda name: pings[name](),
            settle_seconds=lambda name: self.settle_seconds if name == ERP else 0.0,
            rereads=lambda name: name == SHOP and StoreAbility.READ_ORDERS not in self.store_capabilities.missing,
            changes=lambda flow, _source, since: table.changes(flow, context, since),
            full_every=table.full_every,
            history=lambda past, cursor: history.page(context, past, cursor),
            known=lambda past, changes: len(history.known(context, past, changes)),
        )

    def deliver(self, order: Order, *, key: str = "", carries_state: bool = True) -> int | None:
        """The shop has the order, and its webhook is kept in the inbox; None where that delivery was here already."""
        self.store.put(order)
        changes = [change_of(order, carries_state=carries_state)]
        return self.receive(self.delivery(changes, order if carries_state else None, key=key))

    def delivery(self, changes: Sequence[Change], order: Order | None, *, key: str = "") -> Delivery:
        return delivery_of(key or f"delivery-{next(self._keys)}", changes, order)

    def receive(self, delivery: Delivery, source: ConnectionName = SHOP) -> int | None:
        """What the receiver does, up to its answer."""
        webhooks = self.webhooks[source]
        webhooks.verify(delivery, self.clock.now())
        key, topic = webhooks.delivery_key(delivery), webhooks.topic(delivery)
        with self.database.begin() as connection:
            return inbox.store(connection, source, key, topic, delivery.headers, delivery.body, self.clock.now())

    def sweep(self) -> Swept:
        return sweep(self.runtime)

    def work(self) -> None:
        """What workers do with the messages whose time has come, until there are none. A worker that dies is replaced."""
        if self.wake.take_intake():
            intake.take_in(self.runtime)
        while works := self._works():
            for work in works:
                try:
                    work()
                except WorkerKilled:
                    continue

    def go_on(self, seconds: float) -> None:
        """Sweeps and works for that long."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < end:
            self.sweep()
            self.work()
            self.clock.advance(SWEEP_SECONDS)
        self.store.faults.catch_up()
        self.erp.faults.catch_up()

    def _works(self) -> list[Callable[[], object]]:
        """What messages ask for now, live jobs first: workers take from each queue in turn."""
        calls = sorted(self.wake.take_jobs(), key=lambda call: call.background)
        jobs = [partial(run.run, self.runtime, call.job_id) for call in calls]
        return [*jobs, *(partial(backfill.read_on, self.runtime, one) for one in self.wake.take_backfills())]

    def job(self, source_id: str = "1001") -> RowMapping:
        """The ledger's row of the job of that order."""
        with self.database.connect() as connection:
            return connection.execute(select(jobs).where(jobs.c.source_id == source_id)).mappings().one()

    def job_id(self, source_id: str = "1001") -> JobId:
        return JobId(self.job(source_id)["id"])

    def letters(self) -> list[DeadLetter]:
        """The open dead letters, oldest first."""
        with self.database.connect() as connection:
            return reads.dead_letters(connection)[::-1]

    def rows(self, statement: str) -> Sequence[RowMapping]:
        with self.database.connect() as connection:
            return connection.execute(text(statement)).mappings().all()

    def _targets(self, flow: str, source: ConnectionName) -> tuple[ConnectionName, ...]:
        if flow not in table.KINDS:
            return ()
        if table.KINDS[flow].backwards:
            return (SHOP,) if source == ERP else ()
        return self.targets if source == SHOP else ()

    def _known_prices(self, skus: Sequence[Sku]) -> Mapping[Sku, Money]:
        told = known_prices(self.database, self._price_rules, ERP, SHOP)(skus)
        return {**told, **{sku: self.prices[sku] for sku in skus if sku in self.prices}}

    def _flow(self, flows: dict[str, Flow], name: str, source: ConnectionName, target: ConnectionName) -> Flow:
        way = (ERP, SHOP) if name in table.KINDS and table.KINDS[name].backwards else (SHOP, ERP)
        if name not in flows or (source, target) != way:
            raise Rejected(
                "no-route",
                system="erpsync",
                what=f"There is no route that takes {name} from {source} to {target}.",
                next_step="Add the route again and replay, or discard.",
            )
        return flows[name]

    def context(self, erp: Erp, store: Store) -> FlowContext:
        """What the flows go by, with these at the two ends."""
        return FlowContext(
            database=self.database,
            clock=self.clock,
            source=SHOP,
            target=ERP,
            store=store,
            erp=erp,
            erp_title="Fake ERP",
            capabilities=self.capabilities,
            store_capabilities=self.store_capabilities,
            settle_seconds=self.settle_seconds,
            reservation_seconds=LEASE.total_seconds() + self.settle_seconds,
            rules=self._rules,
            customer_rules=self._customer_rules,
            product_rules=self._product_rules,
            prices=self._known_prices,
            price_rules=self._price_rules,
            stock=self._stock,
            stock_cache=self.stock_cache,
        )


def _flows(context: FlowContext) -> dict[str, Flow]:
    return {name: table.build(name, context) for name in table.FLOWS}


def reference_of(source_id: str) -> str:
    """What the ERP's sales order of that order is found by."""
    return f"{SHOP}-{SourceId(source_id)}"
