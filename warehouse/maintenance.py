"""Keeping the lake small: fewer and larger files, no snapshots older than a week, no work list that is worked off."""

from warehouse.connection import Lake
from warehouse.models import MODELS

KEPT_DAYS = 7


def compact(lake: Lake) -> None:
    """Merge small files, expire old snapshots, delete files that nothing names. Run it daily; it blocks writers."""
    with lake.transaction("raw", "meta.touched", *MODELS) as connection:
        models = ", ".join(f"'{name}'" for name in MODELS)
        last = f"SELECT model, MAX(pass_id) AS pass_id FROM meta.progress WHERE model IN ({models}) GROUP BY model"
        if connection.execute(f"SELECT COUNT(*) FROM ({last})").fetchone() == (len(MODELS),):
            connection.execute(f"DELETE FROM meta.touched WHERE pass_id <= (SELECT MIN(pass_id) FROM ({last}))")
            connection.execute(f"DELETE FROM meta.progress WHERE (model, pass_id) NOT IN ({last})")
    lake.maintain(f"CALL ducklake_expire_snapshots('lake', older_than => now() - INTERVAL {KEPT_DAYS} DAY)")
    lake.maintain("CALL ducklake_merge_adjacent_files('lake')")
    lake.maintain("CALL ducklake_rewrite_data_files('lake')")
    lake.maintain("CALL ducklake_cleanup_old_files('lake', older_than => now() - INTERVAL 1 DAY)")
