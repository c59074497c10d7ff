"""`erpsync doctor`."""

import textwrap
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import Engine

from erpsync import config
from erpsync.bootstrap import Assembly, SystemClock
from erpsync.bound import Bound
from erpsync.cli import checks
from erpsync.cli.doctor import report
from erpsync.domain.errors import Rejected, SyncError, Unavailable
from erpsync.domain.ids import ConnectionName
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Tools
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from tests.cli.conftest import Run


class CheckedErp:
    """An ERP that only answers `check`."""

    def __init__(self, answers: Sequence[Check]) -> None:
        self._answers = answers

    def check(self) -> Sequence[Check]:
        return self._answers


class NoSettings(BaseModel):
    pass


def test_all_problems_of_a_configuration_are_listed_at_once(
    run: Run, surroundings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _write(
        tmp_path,
        """
        [connection]
        [connections.shop]
        shop = "x"
        [connections.erp]
        system = "netsuite"
        token = { env = "ERPSYNC_TEST_NOT_SET" }
        [[routes]]
        source = "shop"
        target = "nowhere"
        flows = []
        """,
    )

    ran = run("doctor", "--json")

    assert ran.code == 1
    problems = [one["detail"] for one in ran.document["checks"] if one["about"] == "configuration"]
    assert len(problems) == 8
    of_the_file = ("[connection]", 'system = "shopify"', "ERPSYNC_TEST_NOT_SET", "'nowhere'", 'flows = ["orders"]')
    of_the_system = ("[connections.erp] needs account.", "[connections.erp] token is not a setting")
    for part in of_the_file + of_the_system:
        assert any(part in problem for problem in problems)
    assert any(one["about"] == "database" and one["ok"] for one in ran.document["checks"])


def test_problems_of_systems_and_of_the_database_s_address_are_listed_together(
    run: Run, surroundings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _write(tmp_path, '[connections.one]\nsystem = "abacus"\n[connections.two]\nsystem = "slate"\n')
    surroundings.setenv("ERPSYNC_DATABASE_URL", "postgresql://a:b@c@d/e")

    problems = [one for one in run("doctor", "--json").document["checks"] if one["about"] == "configuration"]

    assert ["abacus" in one["detail"] for one in problems] == [False, True, False]
    assert "ERPSYNC_DATABASE_URL cannot be read" in problems[0]["detail"]
    assert "slate" in problems[2]["detail"]
    assert all(one["next_step"] for one in problems)


def test_a_missing_file_is_a_problem_and_the_rest_is_checked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "erpsync.toml").unlink()

    ran = run("doctor")

    assert ran.code == 1
    assert "not ok  configuration  problem: There is no" in ran.stdout
    assert "ok      database       tables:" in ran.stdout


def test_a_database_that_is_well(run: Run) -> None:
    document = run("doctor", "--json").document

    assert set(document) == {"ok", "checks"}
    assert set(document["checks"][0]) == {"about", "name", "ok", "detail", "next_step"}
    judged = {(one["about"], one["name"]): one["ok"] for one in document["checks"]}
    assert judged == {
        ("configuration", "file"): True,
        ("database", "reachable"): True,
        ("database", "tables"): True,
        ("database", "clock"): True,
        ("broker", "reachable"): False,
    }
    assert document["ok"] is False


def test_each_problem_has_its_next_step(run: Run) -> None:
    ran = run("doctor")

    assert "not ok  broker         reachable: The broker at 127.0.0.1:" in ran.stdout
    assert "Next: Start it, or correct ERPSYNC_REDIS_URL" in ran.stdout
    assert ran.stdout.endswith("Not ok: 1 of 5 checks.\n")


def test_a_connection_that_is_not_configured_is_wrong_usage(run: Run) -> None:
    ran = run("doctor", "shop")

    assert ran.code == 2
    assert "There is no connection 'shop'" in ran.stderr


@pytest.mark.parametrize(("ahead_seconds", "well"), [(0, True), (4, True), (7, False), (-7, False)])
def test_a_clock_more_than_five_seconds_off_is_not_ok(
    run: Run, database: Engine, ahead_seconds: float, well: bool
) -> None:
    class OffClock:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(seconds=ahead_seconds)

    found = {one.check.name: one.check for one in checks.of_database(database, OffClock())}

    assert found["clock"].ok is well
    assert well or "NTP" in found["clock"].next_step


@pytest.fixture
def assembled(surroundings: pytest.MonkeyPatch, database: Engine, tools: Tools) -> Callable[..., Assembly]:
    """An Assembly whose connections are these, each with what opens it."""

    def assemble(**opened_by: Callable[..., Any]) -> Assembly:
        bound = {}
        for name, open_erp in opened_by.items():
            spec = SystemSpec("abacus", "Abacus", Role.ERP, NoSettings, Capabilities(), open_erp=open_erp)
            bound[ConnectionName(name)] = Bound(ConnectionName(name), spec, NoSettings())
        return Assembly(config.load(), bound, database, SystemClock(), tools)

    return assemble


def test_checks_of_connections_are_shown_with_their_next_step(
    assembled: Callable[..., Assembly], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assembly = assembled(
        good=lambda *_: CheckedErp([Check("credentials", True, "They are accepted.")]),
        bad=lambda *_: CheckedErp([Check("role", False, "It may not create sales orders.", "Give it the permission.")]),
    )

    well = report(checks.of_connections(assembly, list(assembly.bound)), as_json=False)

    assert well is False
    shown = capfdbinary.readouterr().out.decode()
    assert "ok      good           credentials: They are accepted.\n" in shown
    assert "not ok  bad            role: It may not create sales orders.\n" in shown
    assert "Next: Give it the permission.\n" in shown


def test_a_next_step_is_told_once_for_each_connection(
    assembled: Callable[..., Assembly], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    cut_off = [Check(name, False, "The line is dead.", "Mend the line.") for name in ("address", "signed in")]
    assembly = assembled(one=lambda *_: CheckedErp(cut_off), other=lambda *_: CheckedErp(cut_off))

    report(checks.of_connections(assembly, list(assembly.bound)), as_json=False)

    lines = [line.strip() for line in capfdbinary.readouterr().out.decode().splitlines()]
    assert lines.count("Next: Mend the line.") == 2
    assert lines[1] == lines[4] == "Next: Mend the line."


def test_only_the_connections_asked_for_are_checked(assembled: Callable[..., Assembly]) -> None:
    assembly = assembled(
        one=lambda *_: CheckedErp([Check("here", True, "Yes.")]),
        other=lambda *_: CheckedErp([Check("here", True, "Yes.")]),
    )

    found = list(checks.of_connections(assembly, [ConnectionName("other")]))

    assert [one.about for one in found] == ["other"]


@pytest.mark.parametrize(
    "error",
    [
        Rejected("key-refused", system="abacus", what="The key is refused.", next_step="Enter the new key."),
        Unavailable("refused", system="abacus", what="The key is refused.", next_step="Enter the new key."),
    ],
    ids=["rejected", "unavailable"],
)
def test_an_adapter_that_cannot_be_opened_is_a_failed_check_and_the_others_go_on(
    assembled: Callable[..., Assembly], error: SyncError
) -> None:
    def fail(*_: object) -> CheckedErp:
        raise error

    assembly = assembled(bad=fail, good=lambda *_: CheckedErp([Check("credentials", True, "They are accepted.")]))

    found = list(checks.of_connections(assembly, list(assembly.bound)))

    assert found[0].check == Check(error.code, False, "The key is refused.", "Enter the new key.")
    assert [one.check.ok for one in found] == [False, True]


def test_a_report_without_problems_is_well(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert report([checks.Finding("broker", Check("reachable", True, "It answers."))], as_json=False)
    assert capfdbinary.readouterr().out.decode().endswith("Ok: all 1 checks.\n")


def _write(folder: Path, text: str) -> None:
    (folder / "erpsync.toml").write_text(textwrap.dedent(text))
