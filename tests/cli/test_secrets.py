"""No part of a password is ever printed, however it got into an address."""

import pytest

from tests.cli.conftest import Run

COMMANDS = (["status"], ["jobs", "list", "--json"], ["dead", "replay", "--all"], ["db", "upgrade"], ["doctor"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ledger:zyzzyva@127.0.0.1:{port}/books",
        "postgresql://ledger:zyzzyva@no-such-host.invalid/books",
        "postgresql://ledger:zyzzyva@127.0.0.1:{port}/books?no_such_option=1",
        "postgresql://ledger:zy@zzyva@127.0.0.1:{port}/books",
        "postgresql://ledger:zy@zzyva:zyz@127.0.0.1/books",
        "postgresql://ledger:zy@zzyva/zyz@127.0.0.1/books",
        "postgresql://ledger:zyzzyva@127.0.0.1:zyz/books",
        "mysql://ledger:zyzzyva@127.0.0.1/books",
        "zyzzyva",
    ],
)
def test_no_password_of_the_database_is_printed(
    run: Run, surroundings: pytest.MonkeyPatch, closed_port: int, address: str, command: list[str]
) -> None:
    surroundings.setenv("ERPSYNC_DATABASE_URL", address.format(port=closed_port))

    ran = run(*command)

    assert ran.code in (1, 2, 3)
    assert "zy" not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert "ERPSYNC_DATABASE_URL" in ran.stdout + ran.stderr


def test_no_password_of_the_database_is_printed_when_it_is_refused(
    run: Run, surroundings: pytest.MonkeyPatch, database_url: str
) -> None:
    scheme, _, rest = database_url.partition("://")
    surroundings.setenv("ERPSYNC_DATABASE_URL", f"{scheme}://nobody-here:zyzzyva@{rest.rpartition('@')[2]}")

    ran = run("status")

    assert ran.code == 3
    assert "zyzzyva" not in ran.stderr


@pytest.mark.parametrize(
    "address",
    [
        "redis://:zyzzyva@127.0.0.1:{port}/0",
        "redis://:zy@zzyva@127.0.0.1:{port}/0",
        "redis://:zy#zzyva@127.0.0.1:{port}/0",
        "redis://:zy/zzyva@127.0.0.1:{port}/0",
        "redis://zy:12/zzyva@127.0.0.1:{port}/0",
        "redis://:zyzzyva@127.0.0.1:{port}/zyz",
        "amqp://guest:zyzzyva@127.0.0.1:{port}//",
        "zyzzyva://:zyzzyva@127.0.0.1",
        "zyzzyva",
    ],
)
def test_no_password_of_the_broker_is_printed(
    run: Run, surroundings: pytest.MonkeyPatch, closed_port: int, address: str
) -> None:
    surroundings.setenv("ERPSYNC_REDIS_URL", address.format(port=closed_port))

    ran = run("doctor")

    assert ran.code == 1
    assert "zy" not in ran.stdout + ran.stderr
    assert "not ok  broker" in ran.stdout
    assert "Traceback" not in ran.stderr
