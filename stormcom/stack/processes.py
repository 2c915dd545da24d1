"""The processes of the stack: how each is started, and how it is known to be ready."""

import time
from dataclasses import dataclass
from pathlib import Path

from stormcom.stack import probes
from stormcom.stack.children import ChildSpec, python
from stormcom.stack.dagster_home import socket_path

API, DAGSTER, WORKER = 1, 2, 3
CODE = "pipelines.definitions"


@dataclass(frozen=True)
class Addresses:
    """Where people reach the stack. `host` is what the API listens on; people on this machine use 127.0.0.1."""

    host: str
    api_port: int
    dagster_port: int

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def dagster(self) -> str:
        return f"http://127.0.0.1:{self.dagster_port}"


def api_process(addresses: Addresses) -> ChildSpec:
    """The API and the dashboard."""
    command = python(
        "stormcom.cli.app", "serve-api", "--host", addresses.host, "--port", str(addresses.api_port)
    )
    return ChildSpec("api", "The API", command, lambda: probes.answers(f"{addresses.api}/readyz"), API)


def worker_process(database_url: str) -> ChildSpec:
    """The worker of background jobs."""
    started = time.time()
    return ChildSpec(
        "worker", "The worker", python("stormcom.cli.app", "worker"),
        lambda: probes.worker_beats(database_url, since=started), WORKER,
    )


def code_process(home: Path) -> ChildSpec:
    """Dagster's code server: one process that knows the assets, shared by the pages and the daemon."""
    socket = socket_path(home)
    # A socket file that a killed run left would be taken for a server that answers.
    socket.unlink(missing_ok=True)
    command = python(
        "dagster", "api", "grpc", "--socket", str(socket), "--module-name", CODE, "--location-name", "stormcom",
        "--use-python-environment-entry-point", "--inject-env-vars-from-instance",
    )
    return ChildSpec("dagster-code", "Dagster's code server", command, lambda: probes.accepts(socket), DAGSTER)


def dagster_processes(home: Path, addresses: Addresses) -> list[ChildSpec]:
    """Dagster's pages and its daemon, for a running code server."""
    workspace = str(home / "dagster" / "workspace.yaml")
    pages = python(
        "dagster_webserver", "-w", workspace, "-h", "127.0.0.1", "-p", str(addresses.dagster_port), "--log-level",
        "warning",
    )
    daemon = python("dagster._daemon", "run", "-w", workspace)
    return [
        ChildSpec(
            "dagster-webserver", "Dagster's pages", pages, lambda: probes.has_loaded(addresses.dagster), DAGSTER
        ),
        ChildSpec(
            "dagster-daemon", "Dagster's daemon", daemon, lambda: probes.daemons_beat(addresses.dagster), DAGSTER
        ),
    ]
