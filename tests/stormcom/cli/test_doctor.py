"""The doctor finds what is broken, names it, and says what to do."""

import psycopg
import pytest

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from stormcom.doctor.database import examine_database
from stormcom.doctor.finding import Finding
from tests.stormcom.cli.conftest import Command


def _findings(database: Database) -> dict[str, Finding]:
    with psycopg.connect(database.url, autocommit=True) as connection:
        return {finding.subject: finding for finding in examine_database(connection, now=SystemClock().now())}


def test_a_good_database_is_fine(database: Database) -> None:
    findings = _findings(database)
    assert {name: finding.found for name, finding in findings.items() if not finding.is_fine} == {}
    assert {"Postgres", "Extensions", "Roles", "Schema", "Tenant isolation", "Partitions", "Job queue",
            "Lake"} == set(findings)


@pytest.mark.parametrize(("subject", "breakage", "named"), [
    ("Tenant isolation", "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY", "orders: row-level security is not forced"),
    ("Tenant isolation", "ALTER TABLE product_embedding_3 DISABLE ROW LEVEL SECURITY", "product_embedding_3"),
    ("Tenant isolation", "GRANT SELECT ON product_embedding_3 TO stormcom_app", "product_embedding_3: stormcom_app"),
    ("Tenant isolation", "CREATE TABLE leak (id int)", "leak"),
    ("Schema", "UPDATE alembic_version SET version_num = '0009' WHERE version_num ~ '^0'", "0009"),
    ("Schema", "DROP TABLE alembic_version", "base"),
    ("Extensions", "DROP EXTENSION fuzzystrmatch CASCADE", "fuzzystrmatch"),
    ("Job queue", "DROP SCHEMA procrastinate CASCADE", "missing"),
    ("Job queue", "INSERT INTO procrastinate.procrastinate_jobs (queue_name, task_name, status) "
                  "VALUES ('default', 'some.task', 'failed')", "some.task"),
])
def test_a_broken_database_is_told_by_name(database: Database, subject: str, breakage: str, named: str) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(breakage)
    finding = _findings(database)[subject]
    assert not finding.is_fine
    assert named in finding.found
    assert finding.advice


def test_a_missing_partition_is_named(database: Database) -> None:
    name = f"analytics_event_{SystemClock().now():%Y%m}"
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(f"DROP TABLE {name}")
    assert name in _findings(database)["Partitions"].found


def test_the_command_marks_what_is_wrong(database: Database, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("STORMCOM_API_PORT", "STORMCOM_DAGSTER_PORT"):
        monkeypatch.setenv(variable, "47123")
    good = command("doctor")
    assert good.code == 0 and "All is well." in good.out and "✗" not in good.out
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE customers NO FORCE ROW LEVEL SECURITY")
    bad = command("doctor")
    assert bad.code == 1
    assert [line for line in bad.out.splitlines() if "✗" in line and "customers" in line]
