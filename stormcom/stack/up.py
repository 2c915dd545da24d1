"""`up`: the whole stack on one machine, from an empty folder to pages that answer, and back to no process at all."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from stormcom.cli.messages import console, show_note, show_step
from stormcom.schema import current, head, upgrade
from stormcom.stack.children import python
from stormcom.stack.dagster_home import prepare
from stormcom.stack.errors import AlreadyUp
from stormcom.stack.freshness import has_store, is_published
from stormcom.stack.interrupts import Interrupts, Stopped
from stormcom.stack.locks import open_lock, try_exclusive
from stormcom.stack.ports import require_free
from stormcom.stack.processes import Addresses, api_process, code_process, dagster_processes, worker_process
from stormcom.stack.records import end_run, run_folders
from stormcom.stack.secret_key import ensure_secret_key
from stormcom.stack.server import embedded_server, server_url
from stormcom.stack.supervisor import POLL_SECONDS, Supervisor
from stormcom.stack.welcome import show_welcome


@dataclass(frozen=True)
class UpOptions:
    """What the command line adds to the settings. `demo_scale` 1 is 12,000 orders."""

    host: str = "127.0.0.1"
    with_dagster: bool = True
    with_demo: bool = True
    demo_scale: float = 1.0


def bring_up(settings: Settings, options: UpOptions) -> None:
    """Start everything, stay until somebody asks to end, then end everything.

    Errors: AlreadyUp, PortTaken, ChildFailed, EmbeddedPostgresFailed; then nothing that was started stays.
    """
    home = settings.home_path
    addresses = Addresses(options.host, settings.api_port, settings.dagster_port)
    interrupts = Interrupts()
    with _only_one(home, addresses, options):
        interrupts.install()
        try:
            _end_orphans(home)
            _check_ports(addresses, options)
            _run(settings, options, addresses, interrupts)
        except Stopped:
            show_step("Everything has ended. The data stays in " + str(home))


def _run(settings: Settings, options: UpOptions, addresses: Addresses, interrupts: Interrupts) -> None:
    with server_url(settings, adopts=True, found_orphan=_name_orphan) as url:
        show_step("Postgres runs" if settings.database_url is None else "Postgres answers")
        _migrate(url)
        environment = _environment(settings, addresses, url, options)
        supervisor = Supervisor(settings.home_path, environment=environment, interrupts=interrupts)
        database = Database(url, pool_size=2)
        try:
            supervisor.start_guardian()
            _fill(supervisor, database, options)
            _start(supervisor, settings.home_path, addresses, url, options)
            show_welcome(database, settings.home_path, addresses, with_dagster=options.with_dagster)
            _stay(supervisor, settings)
        finally:
            interrupts.silence()
            database.dispose()
            supervisor.stop()


def _migrate(url: str) -> None:
    before = current(url)
    upgrade(url)
    show_step(f"The schema stands at {head()}" + ("" if before == head() else f" (was: {before or 'nothing'})"))


def _environment(settings: Settings, addresses: Addresses, url: str, options: UpOptions) -> dict[str, str]:
    """What every process of the stack is told; they read it as their settings."""
    told = {
        "STORMCOM_HOME": str(settings.home_path),
        "STORMCOM_DATABASE_URL": url,
        "STORMCOM_API_PORT": str(addresses.api_port),
        "STORMCOM_DAGSTER_PORT": str(addresses.dagster_port),
        "STORMCOM_ENCODER": settings.encoder,
        "STORMCOM_LOG_LEVEL": settings.log_level,
        "STORMCOM_SECRET_KEY": ensure_secret_key(settings),
    }
    return told | (prepare(settings.home_path, url) if options.with_dagster else {})


def _fill(supervisor: Supervisor, database: Database, options: UpOptions) -> None:
    """Make demo shops if there is no store, and publish whatever is not published."""
    if not has_store(database):
        if not options.with_demo:
            show_note("The database has no store: `stormcom demo` or `stormcom import …` bring some.")
            return
        supervisor.run_to_end("demo", python("stormcom.cli.app", "demo", "--scale", str(options.demo_scale)))
    if is_published(database, now=SystemClock().now()):
        show_step("Metrics and recommendations are up to date")
        return
    supervisor.run_to_end("materialize", python("stormcom.cli.app", "materialize"))


def _start(supervisor: Supervisor, home: Path, addresses: Addresses, url: str, options: UpOptions) -> None:
    first = [api_process(addresses), worker_process(url)]
    with console.status("Starting the API, the worker" + (" and Dagster" if options.with_dagster else "") + " …"):
        supervisor.start([*first, code_process(home)] if options.with_dagster else first)
        if options.with_dagster:
            supervisor.start(dagster_processes(home, addresses))
    show_step("All processes are ready")


def _stay(supervisor: Supervisor, settings: Settings) -> None:
    server = embedded_server(settings) if settings.database_url is None else None
    while True:
        if server is not None and server.pid is None:
            show_note(f"Postgres died; it is started again. Its log: {server.folder / 'log'}")
            server.start()
        supervisor.tend()
        time.sleep(POLL_SECONDS)


def _end_orphans(home: Path) -> None:
    for folder in run_folders(home):
        for name, pid in end_run(folder, grace_seconds=5):
            show_note(f"{name} (pid {pid}) was left by a run that was killed; it has been ended.")


def _name_orphan(pid: int) -> None:
    show_note(f"Postgres (pid {pid}) was left by a run that was killed; it is taken over with its data.")


def _check_ports(addresses: Addresses, options: UpOptions) -> None:
    require_free(addresses.api_port, host=addresses.host, purpose="the API", option="--api-port")
    if options.with_dagster:
        require_free(addresses.dagster_port, host="127.0.0.1", purpose="Dagster", option="--dagster-port")


@contextmanager
def _only_one(home: Path, addresses: Addresses, options: UpOptions) -> Iterator[None]:
    """Hold the home's lock, with a note in it for whoever comes second. Errors: AlreadyUp."""
    path = home / "up.lock"
    descriptor = open_lock(path)
    try:
        if not try_exclusive(descriptor):
            raise AlreadyUp(_describe_running(path))
        note = {"pid": os.getpid(), "dashboard": f"{addresses.api}/dashboard"}
        if options.with_dagster:
            note["dagster"] = addresses.dagster
        path.write_text(json.dumps(note))
        yield
    finally:
        os.close(descriptor)


def _describe_running(path: Path) -> str:
    try:
        note = json.loads(path.read_text())
    except (OSError, ValueError):
        return "StormCom is already starting on this home."
    dagster = f", Dagster at {note['dagster']}" if "dagster" in note else ""
    return (
        f"StormCom is already up (pid {note.get('pid')}): dashboard at {note.get('dashboard')}{dagster}. End it with "
        f"Ctrl-C where it runs or `kill {note.get('pid')}`, or use another folder with --home."
    )
