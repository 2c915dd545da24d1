"""Dagster's instance: its settings, its database beside the shop's, and where its processes meet."""

import hashlib
import os
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from stormcom.stack.errors import StackError

URL_VARIABLE = "STORMCOM_DAGSTER_URL"
# The kernel allows 107 bytes for the path of a Unix socket.
_LONGEST_SOCKET_PATH = 100

INSTANCE = f"""# Written by `stormcom up` at every start.
telemetry:
  enabled: false
nux:
  enabled: false
storage:
  postgres:
    postgres_url:
      env: {URL_VARIABLE}
# Runs start at once instead of waiting for the queue's next look; the lake's own locks make overlapping ones safe.
run_coordinator:
  module: dagster._core.run_coordinator
  class: DefaultRunCoordinator
# A run whose process was killed is shown as failed, not as running for ever.
run_monitoring:
  enabled: true
  poll_interval_seconds: 30
  start_timeout_seconds: 180
# Steps report through events and print nothing; capturing their output would cost two processes per step.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
schedules:
  use_threads: true
  num_workers: 2
sensors:
  use_threads: true
  num_workers: 2
retention:
  schedule:
    purge_after_days: 30
  sensor:
    purge_after_days:
      skipped: 2
      failure: 30
      success: 30
"""


class DagsterDatabaseRefused(StackError):
    """Dagster's database can't be made."""


def prepare(home: Path, database_url: str) -> dict[str, str]:
    """Write the instance's settings, make its database, and return the environment its processes need.

    Errors: DagsterDatabaseRefused.
    """
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(INSTANCE)
    (folder / "workspace.yaml").write_text(
        f'load_from:\n  - grpc_server:\n      socket: "{socket_path(home)}"\n      location_name: stormcom\n'
    )
    return {
        "DAGSTER_HOME": str(folder),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        # Dagster's storage is written for psycopg2, which is no longer SQLAlchemy's first choice.
        URL_VARIABLE: ensure_database(database_url).replace("://", "+psycopg2://", 1),
    }


def socket_path(home: Path) -> Path:
    """Return where Dagster's code server listens: below the home, or below the system's folder if that is too long."""
    path = home / "run" / "dagster.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    folder = Path(tempfile.gettempdir()) / f"stormcom-{hashlib.sha256(bytes(home)).hexdigest()[:12]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "dagster.sock"


def ensure_database(database_url: str) -> str:
    """Return the URL of Dagster's database, `<shop>_dagster` in the same cluster, making it where missing."""
    name = f"{conninfo_to_dict(database_url).get('dbname') or 'postgres'}_dagster"
    with psycopg.connect(database_url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            try:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            except psycopg.errors.InsufficientPrivilege as error:
                raise DagsterDatabaseRefused(
                    f"The database login may not make Dagster's database. Make it by hand (CREATE DATABASE {name}), or "
                    "go without: `stormcom up --no-dagster`."
                ) from error
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                pass  # another process was first
    return with_database(database_url, name)


def with_database(url: str, name: str) -> str:
    """Return the libpq URL with another database name."""
    head, mark, query = url.partition("?")
    scheme, _, rest = head.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{name}{mark}{query}"
