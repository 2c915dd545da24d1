"""`stormcom up`, as a person meets it: an empty folder, pages that answer, Ctrl-C, and a machine that was killed."""

import json
import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.journeys.stack import Stack

COUNTS = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM analytics_event), (SELECT count(*) FROM users)"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder for all state; below /tmp, because another user (Postgres's) must be able to enter it."""
    with tempfile.TemporaryDirectory(prefix="stormcom-up-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "home"


@pytest.fixture
def stack(home: Path) -> Iterator[Stack]:
    """A stack on the module's home, without Dagster's pages."""
    stack = Stack(home, "--no-dagster")
    yield stack
    stack.destroy()


def _counts(stack: Stack) -> tuple[object, ...]:
    url = stack.run("db", "url").stdout.strip()
    with psycopg.connect(url) as connection:
        row = connection.execute(COUNTS).fetchone()
    assert row is not None
    return tuple(row)


def test_from_an_empty_folder_to_pages_that_answer_and_back_to_no_process(stack: Stack) -> None:
    stack.start()
    _look_around(stack)
    second = stack.run("up", "--no-dagster")
    assert second.returncode == 1
    assert f"already up (pid {stack.pid})" in second.stderr and f"{stack.api}/dashboard" in second.stderr
    assert stack.interrupt(signal.SIGINT) == 0
    assert stack.processes() == {}
    assert "Traceback" not in stack.said()


def _look_around(stack: Stack) -> None:
    with httpx.Client(base_url=stack.api, follow_redirects=True, timeout=30) as browser:
        assert browser.get("/readyz").json()["status"] == "ready"
        assert browser.get("/dashboard").status_code == 401
        secret = stack.link().partition("token=")[2]
        page = browser.post("/dashboard/sign-in", data={"token": secret})
        assert page.status_code == 200 and "complete through" in page.text.lower()
        token, url = stack.curl()
        found = browser.get(url, headers={"Authorization": f"Bearer {token}"})
        assert found.status_code == 200, found.text
        day = browser.get("/v1/metrics/daily", headers={"Authorization": f"Bearer {token}"})
        assert day.status_code == 200, day.text


def test_the_next_up_goes_on_with_the_same_data_and_starts_a_process_that_dies_again(stack: Stack) -> None:
    said = stack.start()
    assert "up to date" in said and "Demo shop" not in said
    before = _counts(stack)
    assert before[0] and before[1]
    records = {path.stem: json.loads(path.read_text()) for path in (stack.home / "run").glob("up-*/*.json")}
    os.kill(records["api"]["pid"], signal.SIGKILL)
    with httpx.Client(base_url=stack.api, transport=httpx.HTTPTransport(retries=12)) as browser:
        assert browser.get("/healthz").status_code == 200
    assert "The API died" in stack.said()
    assert stack.interrupt(signal.SIGTERM) == 0
    assert stack.processes() == {}
    # Another command starts the server for itself and stops it again.
    assert stack.run("db", "status").returncode == 0
    assert stack.processes() == {}


def test_a_killed_up_leaves_only_postgres_and_the_next_one_takes_it_over_with_dagster(home: Path) -> None:
    killed, stack = Stack(home, "--no-dagster"), Stack(home)
    try:
        killed.start()
        before = _counts(killed)
        os.kill(killed.pid, signal.SIGKILL)
        killed.interrupt(0)
        left = killed.await_only("postgres")
        assert left and all("postgres" in line for line in left.values()), left
        doctor = killed.run("doctor")
        assert doctor.returncode == 1 and "left by a run that was killed: Postgres" in doctor.stdout
        assert "taken over with its data" in stack.start()
        assert _counts(stack) == before
        _look_at_dagster(stack)
        assert stack.interrupt() == 0
        assert stack.processes() == {}
    finally:
        killed.destroy()
        stack.destroy()


def _look_at_dagster(stack: Stack) -> None:
    query = {"query": "{ assetNodes { assetKey { path } } instance { daemonHealth { allDaemonStatuses "
                      "{ daemonType healthy } } } }"}
    data = httpx.post(f"http://127.0.0.1:{stack.dagster_port}/graphql", json=query, timeout=30).json()["data"]
    keys = {tuple(node["assetKey"]["path"]) for node in data["assetNodes"]}
    assert ("marts", "daily_store_metrics") in keys and ("published", "daily_store_metrics") in keys


def test_a_taken_port_is_named_before_anything_starts(stack: Stack) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", stack.api_port))
        holder.listen(1)
        refused = stack.run("up", "--no-dagster", "--api-port", str(stack.api_port))
    assert refused.returncode == 1
    assert f"Port {stack.api_port}" in refused.stderr and f"pid {os.getpid()}" in refused.stderr
    assert stack.processes() == {}


def test_ctrl_c_during_the_start_leaves_no_process() -> None:
    with tempfile.TemporaryDirectory(prefix="stormcom-up-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        stack = Stack(Path(folder) / "home", "--no-dagster")
        try:
            stack.launch()
            while "The schema stands" not in stack.said():
                time.sleep(0.05)
            assert stack.interrupt() in (0, 130)
            assert stack.processes() == {}
        finally:
            stack.destroy()
