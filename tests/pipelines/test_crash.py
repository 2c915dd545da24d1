"""kill −9 of a materialization: the next run heals, with no duplicate and no half day."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.settings import Settings
from pipelines.run import materialize
from tests.pipelines.river import everything_published
from warehouse.connection import Lake
from warehouse.models import MODELS
from warehouse.refresh import content_hash

ROOT = Path(__file__).parents[2]
# Where the run is shot: in the middle of the step, as the victim itself announces it.
STEPS = ("staging__movements", "published__daily_store_metrics")
if os.environ.get("STORMCOM_TEST_SCALE") == "full":
    STEPS = ("extract", *STEPS, "marts__order_attribution")
VICTIM = """
import os, sys, threading, time
from pathlib import Path
from oltp.kit.settings import Settings
from pipelines.run import materialize
home, url, fatal, delay = sys.argv[1:]
def on_step(step, state):
    if (step, state) == (fatal, "started"):
        threading.Timer(float(delay), lambda: os.kill(os.getpid(), 9)).start()
materialize(Settings(home=Path(home), encoder="hash", lake_threads=1), url, on_step=on_step)
"""


def shoot(settings: Settings, database: Database, step: str, delay: float) -> int:
    """Run the river in a process of its own that dies `delay` seconds into a step; returns its exit code."""
    victim = subprocess.run(
        [sys.executable, "-c", VICTIM, str(settings.home), database.url, step, str(delay)], cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=300, check=False)
    return victim.returncode


def hashes(settings: Settings, database: Database) -> dict[str, str]:
    """A hash of the rows of each model in the lake."""
    with Lake.open(database.url, data_path=settings.lake_path) as lake:
        return {model: content_hash(lake, model) for model in MODELS}


def test_a_killed_run_is_healed_by_the_next(
        shop: Database, settings: Settings) -> None:
    for number, step in enumerate(STEPS):
        code = shoot(settings, shop, step, 0.03 * (number + 1))
        assert code == -signal.SIGKILL, f"{step}: the victim lived on"
        assert_no_half_day(shop)
        # Something for the next victim to do, or its steps would be over before the shot.
        with shop.owner_session() as session:
            session.execute(text("UPDATE orders SET placed_at = placed_at - interval '1 day' "
                                 "WHERE right(order_number, 1) = :digit"), {"digit": str(number)})
            session.execute(text("UPDATE refund SET processed_at = processed_at + interval '1 hour'"))
    healed = materialize(settings, shop.url)
    assert healed.success, healed.failures
    after, published = hashes(settings, shop), everything_published(shop)
    again = materialize(settings, shop.url, full=True)
    assert again.success, again.failures
    assert hashes(settings, shop) == after, "the healed lake differs from one rebuilt from scratch"
    assert everything_published(shop) == published


def assert_no_half_day(database: Database) -> None:
    """What is published is what `publication` counted when it was published: whole marts or nothing."""
    with database.pipelines_session() as session:
        rows = session.execute(text("""
            SELECT p.row_count, (SELECT count(*) FROM daily_store_metrics d WHERE d.store_id = p.store_id)
            FROM publication p WHERE p.mart = 'daily_store_metrics'""")).all()
        orphans = session.scalar(text("""
            SELECT count(*) FROM daily_store_metrics d WHERE NOT EXISTS (
              SELECT FROM publication p WHERE p.store_id = d.store_id AND p.mart = 'daily_store_metrics')"""))
    assert all(counted == found for counted, found in rows) and orphans == 0
