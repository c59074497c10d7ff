"""Celery's settings, each with its reason. Business constants live in `erpsync.domain`, addresses in `erpsync.config`.

Loaded lazily by `erpsync.tasks.app`. The ledger in PostgreSQL owns the work, so every choice here may lose or
double a message, and none may block, reorder or execute what the ledger did not hand out.
"""

from kombu import Exchange, Queue

from erpsync.config import broker_url as _broker_url
from erpsync.config import sweep_seconds as _sweep_seconds
from erpsync.config import worker_limits as _worker_limits
from erpsync.tasks.schedule import entries as _entries

_LIMITS = _worker_limits()
_AMQP = _broker_url().startswith(("amqp", "pyamqp"))
# Quorum queues survive the loss of a RabbitMQ node; Redis knows no queue types and ignores nothing it is not given.
_QUEUE_ARGUMENTS = {"x-queue-type": "quorum"} if _AMQP else None
_KINDS = ("intake", "orders", "fulfilments", "customers", "products", "stock", "backfill", "upkeep", "dead_letter")

broker_url = _broker_url()

# -- what travels ---------------------------------------------------------------------------------------------------
accept_content = ["json"]  # pickle would let whoever reaches the broker run code in the workers
task_serializer = "json"
event_serializer = "json"
task_ignore_result = True  # outcomes are ledger rows; a result backend would be a second, lossy truth
result_backend = None
result_expires = None  # or beat would also schedule a clean-up of results that there are none of
task_store_errors_even_if_ignored = False

# -- queues by kind, so that a backfill or one slow ERP never starves live orders -------------------------------------
_EXCHANGE = Exchange("erpsync", type="direct")
# Each with its own routing key: without one, all would be bound to the default key and every message reach them all.
task_queues = [
    Queue(f"erpsync.{kind}", _EXCHANGE, routing_key=f"erpsync.{kind}", queue_arguments=_QUEUE_ARGUMENTS)
    for kind in _KINDS
]
task_default_queue = "erpsync.upkeep"
task_default_exchange = "erpsync"
task_default_routing_key = "erpsync.upkeep"
task_create_missing_queues = False  # a misspelt queue fails where it is written, not as messages nobody reads
task_routes = {
    "erpsync.take_in": {"queue": "erpsync.intake"},
    "erpsync.sync_order": {"queue": "erpsync.orders"},
    "erpsync.sync_fulfilment": {"queue": "erpsync.fulfilments"},
    "erpsync.sync_customer": {"queue": "erpsync.customers"},
    "erpsync.sync_product": {"queue": "erpsync.products"},
    "erpsync.sync_stock": {"queue": "erpsync.stock"},
    "erpsync.sync_prices": {"queue": "erpsync.products"},
    "erpsync.poll.*": {"queue": "erpsync.upkeep"},
    "erpsync.backfill.*": {"queue": "erpsync.backfill"},  # and, by `tasks.wake`, the jobs that backfills move
    "erpsync.dead_letter": {"queue": "erpsync.dead_letter"},
    "erpsync.upkeep.*": {"queue": "erpsync.upkeep"},
}

# -- delivery -------------------------------------------------------------------------------------------------------
task_acks_late = True  # a killed worker's message comes back; the claim in the ledger makes the second one harmless
task_reject_on_worker_lost = False  # redelivery at once would let a payload that kills its worker kill them all
worker_prefetch_multiplier = 1  # a prefetched message waits behind a slow ERP while another worker is idle
task_track_started = True

# -- time -----------------------------------------------------------------------------------------------------------
enable_utc = True
timezone = "UTC"
task_soft_time_limit = _LIMITS.soft_seconds
task_time_limit = _LIMITS.hard_seconds  # below the ledger's lease: a worker is dead before its claim is free

beat_schedule = _entries(_sweep_seconds())

# -- losing the broker ----------------------------------------------------------------------------------------------
broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # come back whenever Redis does; the sweep works meanwhile
worker_cancel_long_running_tasks_on_connection_loss = False  # the call to the ERP is under way: let it be recorded
broker_pool_limit = 10
broker_transport_options = (
    {"confirm_publish": True}
    if _AMQP
    else {
        "visibility_timeout": _LIMITS.visibility_seconds,  # above every time limit, or running tasks are delivered twice
        "unacked_restore_interval": 10,  # look for messages of dead workers every ten seconds
        "socket_connect_timeout": 5,  # a frozen Redis must raise, not hang
        "socket_timeout": 10,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }
)

# -- processes ------------------------------------------------------------------------------------------------------
worker_pool = "prefork"  # the only pool whose time limits can end a task that hangs
worker_concurrency = _LIMITS.concurrency
worker_max_memory_per_child = 600_000  # KiB; a parsed SuiteTalk WSDL is about 70 MB, a leak is more
worker_soft_shutdown_timeout = 20.0  # seconds for calls under way to be recorded after SIGQUIT; SIGTERM waits for all
worker_enable_soft_shutdown_on_idle = False
worker_hijack_root_logger = False
worker_redirect_stdouts = False
worker_send_task_events = True  # Flower shows the tasks
task_send_sent_event = True
