"""kill −9 of the API under load: every acknowledged event is in the table, exactly once; sending again is safe."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from oltp.db.session import Database
from tests.search_api.conftest import MakeToken, bearer

SENDERS = 4
BATCH = 25
IS_FULL = os.environ.get("STORMCOM_TEST_SCALE") == "full"
ACKNOWLEDGED_BEFORE_KILL = 20_000 if IS_FULL else 400
ROUNDS = 5 if IS_FULL else 2


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(url: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server process that answers; killed at the end if it still runs."""
    process = subprocess.Popen([sys.executable, "-m", "tests.search_api.served", url, str(port)])
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
                break
            except httpx.TransportError:
                assert process.poll() is None and time.monotonic() < deadline, "the server did not start"
                time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


def make_batch() -> list[dict[str, Any]]:
    """Page views of the present moment."""
    return [{"event_id": str(uuid4()), "name": "page_view", "visitor_id": f"v{uuid4().int % 50}",
             "occurred_at": datetime.now(UTC).isoformat()} for _ in range(BATCH)]


class Load:
    """Clients that send batches one after the other and note which were acknowledged."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.sent: list[list[dict[str, Any]]] = []
        self.acknowledged: set[UUID] = set()
        self.ending = threading.Event()
        self._lock = threading.Lock()

    def run(self) -> None:
        """Send until the server is gone."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=bearer(self.token), timeout=30) as client:
            while not self.ending.is_set():
                batch = make_batch()
                self.sent.append(batch)
                try:
                    answer = client.post("/v1/events", json={"events": batch})
                except httpx.TransportError:
                    return
                assert answer.status_code == 202, answer.text
                with self._lock:
                    self.acknowledged |= {UUID(r["event_id"]) for r in answer.json()["results"]}


def stored(database: Database) -> list[UUID]:
    """Ids in the table, one per row."""
    with database.owner_session() as session:
        return list(session.scalars(text("SELECT event_id FROM analytics_event")))


def test_kill_under_load(database: Database, store: UUID, make_token: MakeToken) -> None:
    token = make_token(store, ["event.write"])
    sent: list[list[dict[str, Any]]] = []
    for number in range(1, ROUNDS + 1):
        port = free_port()
        with serving(database.url, port) as process:
            load = Load(port, token)
            threads = [threading.Thread(target=load.run) for _ in range(SENDERS)]
            for thread in threads:
                thread.start()
            deadline = time.monotonic() + 120
            while len(load.acknowledged) < ACKNOWLEDGED_BEFORE_KILL and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            load.ending.set()
            for thread in threads:
                thread.join()
        rows = stored(database)
        assert len(rows) == len(set(rows))
        assert len(load.acknowledged) >= ACKNOWLEDGED_BEFORE_KILL and load.acknowledged <= set(rows), f"round {number}"
        sent += load.sent
    # The clients send everything again, as they must after a failure: then all is there, still once.
    port = free_port()
    with serving(database.url, port):
        for batch in sent:
            answer = httpx.post(f"http://127.0.0.1:{port}/v1/events", json={"events": batch},
                                headers=bearer(token), timeout=30)
            assert answer.status_code == 202
    rows = stored(database)
    assert sorted(rows) == sorted(UUID(event["event_id"]) for batch in sent for event in batch)
    with database.owner_session() as session:
        accepted = session.scalar(text("SELECT sum(accepted_count) FROM ingest_batch"))
    assert accepted == len(rows)
