"""`make fuzz`: schemathesis against the OpenAPI document of a real server, over a real database with a shop in it.

Usage: python -m tests.fuzzing.run [SECONDS] [more options of `schemathesis run`]. It fails on any answer that the
document does not allow: a 5xx, an undocumented status, a body that is not of its schema.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from oltp.access.actions import create_token
from oltp.access.rules import SCOPES
from oltp.db.embedded import EmbeddedPostgres
from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from stormcom.schema import upgrade
from tests.journeys.stack import free_port
from tests.selling import Shop, open_shop

DEFAULT_SECONDS = 600
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_headers_conformance", "response_schema_conformance", "ignored_auth")
STARTED_WITHIN = 60


def main(seconds: int, options: list[str]) -> int:
    """Fuzz for so long; return schemathesis's exit code."""
    with tempfile.TemporaryDirectory(prefix="stormcom-fuzz-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "pg", durable=False)
        url = server.start()
        try:
            upgrade(url)
            return fuzz(url, Path(folder), seconds, options)
        finally:
            server.stop()


def fuzz(url: str, folder: Path, seconds: int, options: list[str]) -> int:
    """Serve the database in a process of its own and send everything that the document allows, and more."""
    database, port = Database(url), free_port()
    token = furnish(open_shop(database))
    log = (folder / "api.log").open("wb")
    api = subprocess.Popen([sys.executable, "-m", "tests.search_api.served", url, str(port)], stderr=log)
    try:
        base = f"http://127.0.0.1:{port}"
        await_start(f"{base}/healthz", api)
        command = ["schemathesis", "run", f"{base}/openapi.json", "--header", f"Authorization: Bearer {token}",
                   "--checks", ",".join(CHECKS), "--max-time", str(seconds), "--continue-on-failure",
                   "--request-timeout", "30", "--output-truncate", "true", *options]
        command[0] = str(Path(sys.executable).parent / command[0])
        return subprocess.run(command, cwd=folder, check=False).returncode
    finally:
        api.terminate()
        api.wait()
        database.dispose()


def furnish(shop: Shop) -> str:
    """Put a little of everything into the shop; return a token that may do anything."""
    for price in (500, 1999, 0):
        shop.product(price, stock=1000)
    shop.segment(shop.customer("ada@example.test"))
    shop.tax("US", "0.07")
    shop.shipping(500)
    shop.gateway()
    with shop.database.session_for(shop.store_id) as session:
        return create_token(session, store_id=shop.store_id, name="fuzz", scopes=SCOPES, now=SystemClock().now())


def await_start(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers. Errors: RuntimeError when it ends or takes too long."""
    transport = httpx.HTTPTransport(retries=0)
    deadline = SystemClock().now().timestamp() + STARTED_WITHIN
    with httpx.Client(transport=transport) as client:
        while SystemClock().now().timestamp() < deadline and process.poll() is None:
            try:
                client.get(url)
                return
            except httpx.TransportError:
                process_wait(process)
    raise RuntimeError("The API did not start.")


def process_wait(process: subprocess.Popen[bytes]) -> None:
    """Give the process a moment, unless it ends."""
    try:
        process.wait(0.2)
    except subprocess.TimeoutExpired:
        return


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_SECONDS, sys.argv[2:]))
