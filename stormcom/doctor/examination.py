"""The whole examination: the machine, then the database if one can be reached."""

from collections.abc import Callable

import psycopg

from oltp.db.embedded import EmbeddedPostgresFailed
from oltp.kit.clock import Clock, SystemClock
from oltp.kit.settings import Settings
from stormcom.cli.messages import without_password
from stormcom.doctor.database import examine_database
from stormcom.doctor.finding import Finding
from stormcom.doctor.machine import examine_machine
from stormcom.stack.server import embedded_server, server_url


def examine(settings: Settings, *, clock: Clock | None = None) -> list[Finding]:
    """Look at everything. An embedded server that does not run is started for the examination, but none is made."""
    found = examine_machine(settings)
    if settings.database_url is None and not (embedded_server(settings).folder / "PG_VERSION").exists():
        return [*found, Finding("Database", True, f"none yet in {settings.home_path}; `stormcom up` makes it")]
    now = (clock or SystemClock()).now
    try:
        with server_url(settings) as url, psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            return [*found, *_guarded(lambda: examine_database(connection, now=now()))]
    except (psycopg.OperationalError, EmbeddedPostgresFailed) as error:
        reason = without_password(str(error).strip().splitlines()[0])
        return [*found, Finding("Database", False, reason, "Start it, or correct STORMCOM_DATABASE_URL.")]


def _guarded(examination: Callable[[], list[Finding]]) -> list[Finding]:
    """A right that is missing is a finding too."""
    try:
        return examination()
    except psycopg.errors.InsufficientPrivilege as error:
        reason = str(error).strip().splitlines()[0]
        return [Finding("Database rights", False, reason, "The login must be a member of the StormCom roles.")]
