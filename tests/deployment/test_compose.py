"""docker-compose.yml: valid, and every service as closed and as watched as it should be."""

import importlib.resources
import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ONCE = {"migrate"}
ALL = ("postgres", "redis", "migrate", "web", "worker", "beat", "flower")
LASTING = tuple(name for name in ALL if name not in ONCE)


def test_the_services_are_those_that_the_tests_below_know(services: dict[str, Any]) -> None:
    assert set(services) == set(ALL)


def test_the_file_fits_the_compose_specification(compose: dict[str, Any]) -> None:
    package = pytest.importorskip(
        "check_jsonschema", reason="the package check-jsonschema, which carries the specification's schema, is absent"
    )
    file = importlib.resources.files(package) / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(compose)] == []
    # A schema that lets everything pass would prove nothing.
    assert not validator.is_valid({"services": {"web": {"restartt": "always"}}})


def test_docker_compose_itself_accepts_the_file(root: Path) -> None:
    program = next((found for found in (["docker", "compose"], ["docker-compose"]) if _answers(found)), None)
    if program is None:
        pytest.skip("neither `docker compose` nor `docker-compose` is installed")
    checked = subprocess.run(
        [*program, "--file", str(root / "docker-compose.yml"), "config", "--quiet"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_started_again_and_asked_how_it_is(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["restart"] == "always"
    check = service["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert _seconds(check["timeout"]) <= _seconds(check["interval"])
    assert check["retries"] >= 2
    assert "curl" not in " ".join(check["test"])


@pytest.mark.parametrize("name", ALL)
def test_no_service_can_do_more_than_it_must(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["tmpfs"]
    assert not service.get("privileged")
    # Their images start as root; erpsync's own names its user.
    assert "build" in service or service["user"] not in ("root", "0")
    assert "docker.sock" not in str(service)
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("name", ALL)
def test_ports_are_open_to_this_machine_alone(services: dict[str, Any], name: str) -> None:
    ports = services[name].get("ports", [])
    assert bool(ports) == (name in ("web", "flower"))
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_servers_and_what_only_talks_to_them_have_no_way_out(compose: dict[str, Any]) -> None:
    assert compose["networks"]["inside"]["internal"] is True
    closed = {name for name, service in compose["services"].items() if service["networks"] == ["inside"]}
    assert closed == {"postgres", "redis", "migrate", "beat"}


def test_passwords_come_from_files_and_stand_in_no_environment(compose: dict[str, Any]) -> None:
    assert all(secret.keys() == {"file"} for secret in compose["secrets"].values())
    for name, service in compose["services"].items():
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        for variable, value in service.get("environment", {}).items():
            assert variable.endswith("_FILE") or not re.search("PASSWORD|SECRET|TOKEN|AUTH", variable), name
            assert "@" not in str(value) or re.search(r"//[^:@/]+@", str(value)), f"{name}: {variable} has a password"


def test_each_service_holds_only_the_secrets_it_uses(services: dict[str, Any]) -> None:
    held = {name: set(service.get("secrets", [])) for name, service in services.items()}
    assert held == {
        "postgres": {"postgres_password"},
        "redis": {"redis_password"},
        "migrate": {"postgres_password"},
        "web": {"postgres_password", "redis_password"},
        "worker": {"postgres_password", "redis_password"},
        "beat": {"redis_password"},
        "flower": {"redis_password", "flower_password"},
    }
    with_stores_secrets = {name for name, service in services.items() if "/run/secrets/erpsync" in str(service)}
    assert with_stores_secrets == {"web", "worker"}


def test_flower_needs_a_password_and_cannot_act(services: dict[str, Any]) -> None:
    flower = services["flower"]
    assert flower["environment"]["FLOWER_USER"]
    assert "flower_password" in flower["secrets"]
    assert "--read-only" in flower["command"]
    assert "entrypoint" not in flower


def test_checks_that_need_a_secret_begin_with_the_entry(services: dict[str, Any]) -> None:
    for name in ("worker", "beat"):
        assert services[name]["healthcheck"]["test"][1].startswith("container-entry celery ")


def test_nothing_starts_on_tables_of_another_version(services: dict[str, Any]) -> None:
    assert services["migrate"]["command"] == ["erpsync", "db", "upgrade"]
    assert services["migrate"]["restart"] == "no"
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_a_full_redis_refuses_and_a_restarted_one_remembers(services: dict[str, Any]) -> None:
    command = services["redis"]["command"][-1]
    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command
    assert "requirepass $$(cat /run/secrets/redis_password)" in command
    assert "redis:/data" in services["redis"]["volumes"]


def test_what_must_last_is_in_named_volumes(compose: dict[str, Any]) -> None:
    used = {str(mount["source"] if isinstance(mount, dict) else mount.split(":")[0]) for mount in _mounts(compose)}
    assert used - {"./erpsync.toml", "./secrets/erpsync"} == set(compose["volumes"])


def test_images_are_pinned_to_a_version_and_a_distribution(services: dict[str, Any]) -> None:
    for name in ("postgres", "redis"):
        assert re.fullmatch(rf"{name}:\d+(\.\d+)*-bookworm", services[name]["image"])


def test_a_worker_may_finish_its_calls_before_it_is_killed(
    services: dict[str, Any], root: Path, celery_environment: pytest.MonkeyPatch
) -> None:
    settings = runpy.run_path(str(root / "celeryconfig.py"))
    assert _seconds(services["worker"]["stop_grace_period"]) > settings["worker_soft_shutdown_timeout"] + 5


def _mounts(compose: dict[str, Any]) -> list[Any]:
    return [mount for service in compose["services"].values() for mount in service.get("volumes", [])]


def _answers(program: list[str]) -> bool:
    if shutil.which(program[0]) is None:
        return False
    return subprocess.run([*program, "version"], capture_output=True, timeout=30, check=False).returncode == 0


def _seconds(duration: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([sm])", duration).groups()  # type: ignore[union-attr]
    return int(number) * (60 if unit == "m" else 1)
