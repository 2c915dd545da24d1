"""Two processes that build the same new mart at once leave exactly one copy of it."""

import subprocess
import sys
from pathlib import Path

from oltp.db.session import Database
from tests.warehouse.flowing import NOW
from tests.warehouse.shop import Shop
from warehouse.checks import run_check
from warehouse.connection import Lake
from warehouse.extraction import extract
from warehouse.refresh import refresh

BUILDER = """
import sys
from pathlib import Path
from warehouse.connection import Lake
from warehouse.refresh import refresh
with Lake.open(sys.argv[1], data_path=Path(sys.argv[2])) as lake:
    print("ready", flush=True)
    sys.stdin.readline()
    refresh(lake, "staging.orders", full=True)
    refresh(lake, "marts.daily_store_metrics", full=True)
"""


def test_one_copy(database: Database, shop: Shop, lake: Lake, lake_dir: Path) -> None:
    tea = shop.product("TEA")
    for number in range(1, 21):
        shop.order(f"2026-10-{number:02d} 15:00", (tea, 1, 1000))
    extract(lake, taken_at=NOW)
    command = [sys.executable, "-c", BUILDER, database.url, str(lake_dir)]
    runs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    for run in runs:
        _, errors = run.communicate(timeout=120)
        assert run.returncode == 0, errors
    assert lake.query("SELECT COUNT(*) FROM staging.orders") == [(20,)]
    assert lake.query("SELECT COUNT(*), SUM(orders_count) FROM marts.daily_store_metrics") == [(20, 20)]
    assert run_check(lake, "unique_keys").is_passed
    assert refresh(lake, "marts.daily_store_metrics", full=True).rows_changed == 0
