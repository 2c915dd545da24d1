"""The gate before publishing: a mart goes out only if every blocking check on it, or on what it is made of, passed.

Dagster already skips what is downstream of a failed blocking check in the same run. The gate holds as well when
somebody publishes alone, or when another run has changed the lake since the checks ran. A verdict stays good as
long as no table it is about was written; extraction and refreshes of other tables don't matter.
"""

from functools import cache

from pipelines.publish.errors import GateClosed, PublicationMoved
from pipelines.resources import River, Verdict
from warehouse.checks import CHECKS, Check, CheckResult, run_check
from warehouse.connection import Lake
from warehouse.models import MODELS

_WRITTEN = """
SELECT DISTINCT s.schema_name || '.' || t.table_name
FROM (SELECT UNNEST(FLATTEN(MAP_VALUES(changes))) AS id FROM ducklake_snapshots('lake')
      WHERE snapshot_id > $low AND snapshot_id <= $high) AS c
JOIN __ducklake_metadata_lake.ducklake_table AS t ON CAST(t.table_id AS VARCHAR) = c.id
JOIN __ducklake_metadata_lake.ducklake_schema AS s ON s.schema_id = t.schema_id"""


@cache
def sources_of(full_name: str) -> frozenset[str]:
    """The lake table and everything it is made of, directly or not."""
    model = MODELS.get(full_name)
    upstream = model.depends_on if model else ()
    return frozenset({full_name}.union(*(sources_of(name) for name in upstream)))


def anchors_of(check: Check) -> tuple[str, ...]:
    """The tables on whose pages the check is shown, and whose followers it blocks.

    Its marts if it is about any, else its last staging table, else all its raw tables: a check that waits for a table
    can't block what that table is made of.
    """
    marts = tuple(target for target in check.targets if target.startswith("marts."))
    staging = tuple(name for name in MODELS if name in check.targets)
    return marts or staging[-1:] or check.targets


@cache
def gating_checks(mart: str) -> tuple[str, ...]:
    """Names of the blocking checks that a mart has to pass: those anchored on it or on what it is made of."""
    made_of = sources_of(f"marts.{mart}")
    return tuple(name for name, check in CHECKS.items()
                 if check.is_blocking and made_of.intersection(anchors_of(check)))


def tables_written(lake: Lake, low: int, high: int) -> set[str]:
    """Full names of the lake tables written after snapshot `low`, up to `high`."""
    return {name for (name,) in lake.query(_WRITTEN, {"low": low, "high": high})} if low < high else set()


def examine(river: River, name: str) -> CheckResult:
    """Run a check and remember its verdict, with the snapshots before and after it."""
    before = river.lake.snapshot_id()
    result = run_check(river.lake, name)
    river.verdicts[name] = Verdict(before, river.lake.snapshot_id(), result.offender_count)
    return result


def require_passed(river: River, mart: str, snapshot: int) -> None:
    """Vouch for a mart as it stands in a lake snapshot, running the checks whose verdict is missing or out of date.

    Errors: GateClosed if a check failed, PublicationMoved if the lake is being written faster than it is checked.
    """
    for name in gating_checks(mart):
        if not _holds(river, name, snapshot):
            examine(river, name)
            if not _holds(river, name, snapshot):
                raise PublicationMoved(mart=mart)
        count = river.verdicts[name].offender_count
        if count:
            raise GateClosed(target=f"published/{mart}", check=name, count=count)


def _holds(river: River, name: str, snapshot: int) -> bool:
    verdict = river.verdicts.get(name)
    if verdict is None:
        return False
    written = tables_written(river.lake, min(verdict.before, snapshot), max(verdict.after, snapshot))
    return written.isdisjoint(CHECKS[name].targets)
