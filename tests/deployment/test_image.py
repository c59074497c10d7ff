"""Dockerfile, .dockerignore and the entry that puts secrets where they are read."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from erpsync.servers.launcher import Servers

Stage = list[tuple[str, str]]
PASSWORD = "c0ffee_.~-42"


@pytest.fixture(scope="module")
def stages(root: Path) -> list[Stage]:
    """The Dockerfile's stages: instructions with their arguments, lines joined, comments gone."""
    text = (root / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found: list[Stage] = []
    for line in filter(None, text.splitlines()):
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            found.append([])
        found[-1].append((instruction, rest.strip()))
    return found


def test_the_image_is_set_up_as_a_bare_machine_is(stages: list[Stage]) -> None:
    build, final = stages
    runs = [rest for instruction, rest in build if instruction == "RUN"]
    assert runs
    assert all(run.startswith("scripts/setup --no-dev ") for run in runs)
    assert "--no-editable" in runs[-1]
    assert not re.search(
        r"apt|pip|\buv\b|scripts/setup", " ".join(rest for instruction, rest in final if instruction == "RUN")
    )


def test_both_stages_stand_on_the_same_pinned_python(stages: list[Stage]) -> None:
    bases = {stage[0][1].split()[0] for stage in stages}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-bookworm", bases.pop())


def test_the_image_runs_as_nobody_in_particular_and_is_asked_how_it_is(stages: list[Stage]) -> None:
    final = dict(stages[-1])
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", final["USER"])
    assert "'/health'" in final["HEALTHCHECK"]
    assert final["ENTRYPOINT"] == '["container-entry"]'
    assert "org.opencontainers.image.licenses" in final["LABEL"]


def test_the_image_by_itself_serves_as_compose_has_it_serve(stages: list[Stage], services: dict[str, Any]) -> None:
    assert re.findall(r'"([^"]*)"', dict(stages[-1])["CMD"]) == services["web"]["command"]


def test_no_secret_can_get_into_a_layer(root: Path, stages: list[Stage]) -> None:
    instructions = [instruction for stage in stages for instruction, _ in stage]
    assert "ARG" not in instructions
    assert "ADD" not in instructions
    for stage in stages:
        for instruction, rest in stage:
            assert instruction != "ENV" or not re.search("PASSWORD|SECRET|TOKEN|_URL|_AUTH", rest)
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    admitted = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        source
        for stage in stages
        for instruction, rest in stage
        if instruction == "COPY" and "--from" not in rest
        for source in [word for word in rest.split() if not word.startswith("--")][:-1]
    }
    assert admitted == copied
    assert all((root / source).exists() for source in copied)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name in ("postgres", "redis", "flower"):
        (folder / f"{name}_password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    return folder


def enter(root: Path, secrets: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "ERPSYNC_SECRETS": str(secrets),
        "PGPASSFILE": str(secrets.parent / "pgpass"),
        "ERPSYNC_DATABASE_URL": "postgresql://erpsync@postgres:5432/erpsync",
        "ERPSYNC_REDIS_URL": "redis://redis:6379/0",
        **variables,
    }
    return subprocess.run(
        ["sh", str(root / "scripts" / "container-entry"), *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_entry_gives_the_command_what_it_reads(root: Path, secrets: Path) -> None:
    entered = enter(root, secrets, "sh", "-c", 'echo "$ERPSYNC_REDIS_URL $FLOWER_BASIC_AUTH $0"', FLOWER_USER="flo")
    assert entered.stdout.split() == [f"redis://:{PASSWORD}@redis:6379/0", f"flo:{PASSWORD}", "sh"], entered.stderr


def test_the_database_password_is_in_a_file_of_one_reader_and_in_no_environment(root: Path, secrets: Path) -> None:
    (secrets / "redis_password").unlink()
    entered = enter(root, secrets, "env")
    assert entered.returncode == 0
    assert PASSWORD not in entered.stdout
    passfile = secrets.parent / "pgpass"
    assert passfile.read_text(encoding="utf-8") == f"*:*:*:*:{PASSWORD}\n"
    assert passfile.stat().st_mode & 0o777 == 0o600


def test_libpq_takes_the_password_from_that_file(root: Path, secrets: Path, servers: Servers) -> None:
    address = make_url(servers.database_url)
    if not re.fullmatch(r"[A-Za-z0-9_.~-]+", str(address.password or "")):
        pytest.skip("the PostgreSQL given by ERPSYNC_DATABASE_URL has no password, or one that must be escaped")
    (secrets / "postgres_password").write_text(str(address.password), encoding="utf-8")
    bare = f"postgresql://{address.username}@{address.host}:{address.port}/{address.database}"
    program = "import os, psycopg; print(psycopg.connect(os.environ['ERPSYNC_DATABASE_URL']).info.status.name)"
    entered = enter(root, secrets, sys.executable, "-c", program, ERPSYNC_DATABASE_URL=bare)
    assert entered.stdout.strip() == "OK", entered.stderr


@pytest.mark.parametrize("url", ["redis://user:own@elsewhere:6379/1", "rediss://:own@elsewhere:6380/0"])
def test_an_address_with_a_password_of_its_own_stays(root: Path, secrets: Path, url: str) -> None:
    assert enter(root, secrets, "printenv", "ERPSYNC_REDIS_URL", ERPSYNC_REDIS_URL=url).stdout.strip() == url


def test_redis_over_tls_gets_its_password_too(root: Path, secrets: Path) -> None:
    entered = enter(root, secrets, "printenv", "ERPSYNC_REDIS_URL", ERPSYNC_REDIS_URL="rediss://redis:6380/0")
    assert entered.stdout.strip() == f"rediss://:{PASSWORD}@redis:6380/0"


@pytest.mark.parametrize("bad", ["with@sign", "with space", 'quo"te', "", "two\nlines"])
@pytest.mark.parametrize("name", ["postgres_password", "redis_password", "flower_password"])
def test_a_password_that_would_need_escaping_is_refused_without_being_shown(
    root: Path, secrets: Path, name: str, bad: str
) -> None:
    (secrets / name).write_text(bad, encoding="utf-8")
    entered = enter(root, secrets, "echo", "started", FLOWER_USER="flo")
    assert (entered.returncode, entered.stdout) == (78, "")
    assert name in entered.stderr
    assert not bad or bad not in entered.stderr


def test_flower_does_not_start_without_its_password(root: Path, secrets: Path) -> None:
    (secrets / "flower_password").unlink()
    entered = enter(root, secrets, "echo", "started", FLOWER_USER="flo")
    assert entered.returncode != 0
    assert entered.stdout == ""
