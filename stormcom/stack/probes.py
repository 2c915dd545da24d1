"""Probes: is a process of the stack ready? Each answers quickly and never raises."""

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psycopg

TIMEOUT_SECONDS = 3.0
_HEALTH = b'{"query": "{ instance { daemonHealth { allDaemonStatuses { daemonType healthy } } } }"}'
_LOCATIONS = (
    b'{"query": "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus locationOrLoadError '
    b'{ __typename } } } } }"}'
)


def answers(url: str) -> bool:
    """Say whether a GET of the URL is answered with success."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            return bool(200 <= answer.status < 300)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def accepts(path: Path) -> bool:
    """Say whether somebody listens on the Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(TIMEOUT_SECONDS)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def has_loaded(webserver: str) -> bool:
    """Say whether Dagster's pages show the assets: the code location is loaded without an error."""
    workspace = (_ask(webserver, _LOCATIONS) or {}).get("workspaceOrError") or {}
    entries = workspace.get("locationEntries") or []
    kinds = [(entry.get("locationOrLoadError") or {}).get("__typename") for entry in entries]
    return bool(kinds) and all(kind == "RepositoryLocation" for kind in kinds)


def daemons_beat(webserver: str) -> bool:
    """Say whether Dagster's daemons have given a sign of life."""
    health = ((_ask(webserver, _HEALTH) or {}).get("instance") or {}).get("daemonHealth") or {}
    statuses = health.get("allDaemonStatuses") or []
    return bool(statuses) and any(status.get("healthy") for status in statuses)


def worker_beats(database_url: str, *, since: float) -> bool:
    """Say whether a worker has announced itself after `since` (seconds since 1970)."""
    statement = "SELECT 1 FROM procrastinate.procrastinate_workers WHERE last_heartbeat >= to_timestamp(%s)"
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=3) as connection:
            return connection.execute(statement, (since,)).fetchone() is not None
    except psycopg.Error:
        return False


def _ask(webserver: str, query: bytes) -> dict[str, Any] | None:
    request = urllib.request.Request(f"{webserver}/graphql", query, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            data: dict[str, Any] | None = json.load(answer).get("data")
            return data
    except (urllib.error.URLError, OSError, ValueError):
        return None
