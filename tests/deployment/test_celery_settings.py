"""celeryconfig.py: what may travel, when a message comes back, and that everything named is there."""

import json
import os
import runpy
import shlex
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from erpsync import config
from erpsync.domain.retry import MAX_COUNTDOWN_SECONDS
from erpsync.tasks.wake import TASK_OF_FLOW


@pytest.fixture
def settings(root: Path, celery_environment: pytest.MonkeyPatch) -> dict[str, Any]:
    return runpy.run_path(str(root / "celeryconfig.py"))


@pytest.fixture(scope="module")
def registered(root: Path) -> set[str]:
    """The names of erpsync's tasks as a worker has them. Asked of another process: a Celery app is set up only once."""
    program = (
        "import json; from erpsync.tasks.app import app; app.loader.import_default_modules();"
        "print(json.dumps([name for name in app.tasks if name.startswith('erpsync.')]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(root), "ERPSYNC_REDIS_URL": "redis://127.0.0.1:6379/0"}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=180, check=True
    )
    return set(json.loads(answer.stdout))


def test_the_settings_in_force_are_those_of_this_folder(root: Path, tmp_path: Path) -> None:
    """`celery` puts no folder of its own first, and an installed copy would win over the file that is edited here."""
    program = "import importlib.util as u; print(u.find_spec('celeryconfig').origin)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    found = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    assert found.stdout.strip() == str(root / "celeryconfig.py")


def test_only_json_travels(settings: dict[str, Any]) -> None:
    assert settings["accept_content"] == ["json"]
    assert settings.get("result_accept_content", ["json"]) == ["json"]
    assert {settings[f"{kind}_serializer"] for kind in ("task", "event")} == {"json"}
    values = {name: value for name, value in settings.items() if not name.startswith("__")}
    assert "pickle" not in repr(values)


def test_a_message_is_given_back_only_by_a_worker_that_died(settings: dict[str, Any]) -> None:
    assert settings["task_acks_late"] is True
    assert settings["task_reject_on_worker_lost"] is False
    assert settings["worker_prefetch_multiplier"] == 1
    assert settings["task_ignore_result"] is True


@pytest.mark.parametrize("seconds", ["10", "60", "300", "900", "3600"])
def test_a_task_is_dead_before_its_claim_is_free_and_its_message_comes_back(
    root: Path, celery_environment: pytest.MonkeyPatch, seconds: str
) -> None:
    celery_environment.setenv("ERPSYNC_TASK_SECONDS", seconds)
    settings = runpy.run_path(str(root / "celeryconfig.py"))
    lease = config.worker_limits().lease_seconds
    visibility = settings["broker_transport_options"]["visibility_timeout"]
    assert 0 < settings["task_soft_time_limit"] < settings["task_time_limit"] < lease < visibility
    assert visibility > MAX_COUNTDOWN_SECONDS


def test_a_frozen_redis_raises_within_seconds(settings: dict[str, Any]) -> None:
    options = settings["broker_transport_options"]
    assert 0 < options["socket_connect_timeout"] <= 10
    assert 0 < options["socket_timeout"] <= 30


def test_rabbitmq_gets_quorum_queues_and_confirms(root: Path, celery_environment: pytest.MonkeyPatch) -> None:
    celery_environment.setenv("ERPSYNC_BROKER_URL", "amqp://127.0.0.1//")
    settings = runpy.run_path(str(root / "celeryconfig.py"))
    assert all(queue.queue_arguments == {"x-queue-type": "quorum"} for queue in settings["task_queues"])
    assert settings["broker_transport_options"] == {"confirm_publish": True}


def test_every_task_has_a_route_to_a_queue_that_exists(settings: dict[str, Any], registered: set[str]) -> None:
    queues = {queue.name for queue in settings["task_queues"]}
    routes = settings["task_routes"]
    assert {route["queue"] for route in routes.values()} <= queues
    assert settings["task_default_queue"] in queues
    assert settings["task_create_missing_queues"] is False
    unrouted = {name for name in registered if not any(fnmatchcase(name, pattern) for pattern in routes)}
    assert unrouted == set()


def test_a_message_reaches_one_queue_alone(settings: dict[str, Any]) -> None:
    bindings = [(queue.exchange.name, queue.routing_key) for queue in settings["task_queues"]]
    assert all(exchange and key for exchange, key in bindings)
    assert len(set(bindings)) == len(bindings)
    default = (settings["task_default_exchange"], settings["task_default_routing_key"])
    assert bindings[[queue.name for queue in settings["task_queues"]].index(settings["task_default_queue"])] == default


def test_every_routed_task_is_there(settings: dict[str, Any], registered: set[str]) -> None:
    missing = {
        pattern for pattern in settings["task_routes"] if not any(fnmatchcase(name, pattern) for name in registered)
    }
    assert missing == set()


def test_every_flow_that_can_be_woken_has_its_task(registered: set[str]) -> None:
    assert set(TASK_OF_FLOW.values()) <= registered


def test_beat_sends_what_exists_and_nothing_piles_up(settings: dict[str, Any], registered: set[str]) -> None:
    assert settings["beat_schedule"]
    for name, entry in settings["beat_schedule"].items():
        assert entry["task"] in registered, name
        assert 0 < entry["options"]["expires"] < entry["schedule"], name


@pytest.mark.parametrize("file", ["Procfile", "docker-compose.yml"])
def test_every_queue_is_consumed(
    settings: dict[str, Any], services: dict[str, Any], procfile: dict[str, str], file: str
) -> None:
    workers = (
        [shlex.split(command) for command in procfile.values()]
        if file == "Procfile"
        else [service["command"] for service in services.values() if "build" in service]
    )
    consumed: set[str] = set()
    for command in workers:
        if "celery" in command and "worker" in command:
            consumed |= _consumed_by(command, {queue.name for queue in settings["task_queues"]})
    assert consumed == {queue.name for queue in settings["task_queues"]}


def _consumed_by(command: list[str], queues: set[str]) -> set[str]:
    """What a worker's command line has it consume: all queues of the settings, unless it says otherwise."""
    arguments = " ".join(command).replace("=", " ").split()
    for option in ("-Q", "--queues"):
        if option in arguments:
            return set(arguments[arguments.index(option) + 1].split(","))
    for option in ("-X", "--exclude-queues"):
        if option in arguments:
            return queues - set(arguments[arguments.index(option) + 1].split(","))
    return queues
