"""`make fuzz`: schemathesis against the OpenAPI document of a real server, over a real database with a shop in it.

Usage: python -m tests.fuzzing.run [SECONDS] [more options of `schemathesis run`]. It fails on any answer that the
document does not allow: a 5xx, an undocumented status, a body that is not of its schema. Afterwards every invariant of
the shop must hold: whatever was sent, no stock and no money was made up.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from oltp.access.actions import create_token
from oltp.access.rules import SCOPES
from oltp.db.embedded import EmbeddedPostgres
from oltp.db.session import Database
from oltp.invariants import Finding, check_invariants
from oltp.jobs.task import Work
from oltp.kit.clock import SystemClock
from oltp.kit.secrets import new_key
from oltp.pricing.tasks import refresh_list_prices
from stormcom.schema import upgrade
from tests.furnished import Furnisher
from tests.journeys.processes import serving
from tests.selling import Shop, open_shop

DEFAULT_SECONDS = 600
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_headers_conformance", "response_schema_conformance", "ignored_auth")
# How many of each thing the shop has at first.
COUNT = 6


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
    database, ids = Database(url), folder / "ids.json"
    shop = open_shop(database)
    token = token_of(shop)
    try:
        with serving(url, {"STORMCOM_GATEWAY": "fake", "STORMCOM_SECRET_KEY": new_key()}) as server:
            ids.write_text(json.dumps(furnish(shop, server.url, token)))
            command = ["schemathesis", "run", f"{server.url}/openapi.json", "--header",
                       f"Authorization: Bearer {token}", "--checks", ",".join(CHECKS), "--max-time", str(seconds),
                       "--continue-on-failure", "--request-timeout", "30", "--output-truncate", "true", *options]
            command[0] = str(Path(sys.executable).parent / command[0])
            # The hooks are a module of the tests, which schemathesis imports from the project's folder.
            code = subprocess.run(command, cwd=folder, check=False, env={
                **os.environ, "PYTHONPATH": str(Path.cwd()), "SCHEMATHESIS_HOOKS": "tests.fuzzing.hooks",
                "STORMCOM_FUZZ_IDS": str(ids)}).returncode
        return code or len(told(database))
    finally:
        database.dispose()


def told(database: Database) -> list[Finding]:
    """Say which invariants are broken now that it is quiet, and return them."""
    # Windows of prices that began or ended by the clock: as the worker does each minute.
    refresh_list_prices(Work(database, SystemClock(), {}))
    with database.worker_session() as session:
        found = check_invariants(session)
    broken = [finding for finding in found if not finding.holds]
    for finding in broken:
        print(f"{finding.room}.{finding.name} is broken by {finding.offender_count}: {finding.offenders[:3]}")
    if not broken:
        print(f"All {len(found)} invariants hold.")
    return broken


def token_of(shop: Shop) -> str:
    """Return a token that may do anything in the shop."""
    with shop.database.session_for(shop.store_id) as session:
        return create_token(session, store_id=shop.store_id, name="fuzz", scopes=SCOPES, now=SystemClock().now())


def furnish(shop: Shop, base: str, token: str) -> dict[str, list[str]]:
    """Put some of everything into the shop; return its ids, by the name that a path or a body calls them."""
    with httpx.Client(base_url=f"{base}/v1/", headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:

        def call(method: str, path: str, body: Any) -> Any:
            answer = client.request(method, path, json=body)
            if answer.is_error:
                raise RuntimeError(f"{method} {path}: {answer.text}")
            return answer.json() if answer.content else None

        ids = Furnisher(shop, call, COUNT).furnish()
    key = shop.execute("SELECT callback_key FROM payment_provider_config WHERE gateway = 'STRIPE' LIMIT 1")
    return {**ids, "callback_key": [key]}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_SECONDS, sys.argv[2:]))
