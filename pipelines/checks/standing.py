"""Checks of where things stand: is extraction held back, is every store published, does Postgres equal the lake."""

from datetime import timedelta

import dagster as dg
from sqlalchemy import text

from pipelines.naming import asset_key, published_key
from pipelines.priority import CHECKS_PRIORITY, LEARN_PRIORITY
from pipelines.publish.publication import find_standing
from pipelines.publish.statements import target_of
from pipelines.resources import River
from pipelines.steps import step
from warehouse.horizon import horizon_lag
from warehouse.models import MARTS

# More transactions than this behind one open writer: numbers on the dashboard stand still for people to notice.
MANY_TRANSACTIONS = 10_000
STALE_AFTER = timedelta(hours=2)
_WARN = dg.AssetCheckSeverity.WARN
_STALE = """
SELECT count(*) FILTER (WHERE p.taken_at IS NULL), count(*) FILTER (WHERE p.taken_at < :limit), min(p.taken_at)
FROM stores s CROSS JOIN unnest(CAST(:marts AS text[])) AS m(mart)
LEFT JOIN publication p ON p.store_id = s.id AND p.mart = m.mart WHERE s.deleted_at IS NULL"""


@dg.asset_check(asset=asset_key("raw.orders"), name="horizon_advances",
                description="No open transaction holds the horizon back.",
                op_tags={"dagster/priority": CHECKS_PRIORITY})
def horizon_advances(context: dg.AssetCheckExecutionContext, river: dg.ResourceParam[River]) -> dg.AssetCheckResult:
    with step(context, river):
        lag = horizon_lag(river.lake)
    metadata: dict[str, int | float | str] = {"transactions_behind": lag.transactions}
    if lag.seconds is not None:
        metadata["seconds_since_pass"] = round(lag.seconds, 1)
    if lag.oldest_writer:
        metadata["oldest_writer"] = lag.oldest_writer
    return dg.AssetCheckResult(passed=lag.transactions <= MANY_TRANSACTIONS, severity=_WARN, metadata=metadata)


@dg.asset_check(asset=published_key("daily_store_metrics"), name="every_store_is_published",
                description="Each store has each mart, complete through a moment of the last two hours.",
                additional_deps=[published_key(mart) for mart in MARTS if mart != "daily_store_metrics"],
                op_tags={"dagster/priority": LEARN_PRIORITY})
def every_store_is_published(context: dg.AssetCheckExecutionContext,
                             river: dg.ResourceParam[River]) -> dg.AssetCheckResult:
    with step(context, river), river.database.pipelines_session() as session:
        missing, stale, oldest = session.execute(
            text(_STALE), {"limit": river.clock.now() - STALE_AFTER, "marts": list(MARTS)}).one()
    return dg.AssetCheckResult(passed=missing == 0 and stale == 0, severity=_WARN, metadata={
        "missing": missing, "stale": stale, "complete_through": str(oldest)})


def equality_check(mart: str) -> dg.AssetChecksDefinition:
    """Postgres holds as many rows of each store as the lake; rows of deleted stores and products aside."""

    @dg.asset_check(asset=published_key(mart), name="equals_lake", description=equality_check.__doc__,
                    op_tags={"dagster/priority": LEARN_PRIORITY})
    def equals_lake(context: dg.AssetCheckExecutionContext, river: dg.ResourceParam[River]) -> dg.AssetCheckResult:
        with step(context, river):
            return compare(river, mart)

    return equals_lake


def compare(river: River, mart: str) -> dg.AssetCheckResult:
    """Compare rows by store, if the lake still stands where it was when the mart was published."""
    target, lake = target_of(mart), river.lake
    with river.database.pipelines_session() as session:
        standing = find_standing(session, mart=mart)
        counts = text(f"SELECT t.store_id, count(*) FROM {mart} t WHERE {target.scope} GROUP BY t.store_id")
        published = {str(store): int(count) for store, count in session.execute(counts)}
        alive = {str(store) for store in session.scalars(text("SELECT id FROM stores"))}
    if standing.snapshot_id != lake.snapshot_id():
        return dg.AssetCheckResult(passed=True, metadata={"in_flight": True})
    rows = lake.query(f"SELECT CAST(store_id AS VARCHAR), COUNT(*) FROM marts.{mart} GROUP BY store_id")
    kept = {store: int(count) for store, count in rows if store in alive}
    off = {store: kept.get(store, 0) - published.get(store, 0) for store in kept.keys() | published.keys()}
    wrong = {store: difference for store, difference in off.items() if difference}
    return dg.AssetCheckResult(passed=not wrong, metadata={
        "rows": sum(published.values()), "stores_that_differ": dg.MetadataValue.json(wrong)})


STANDING_CHECKS = [horizon_advances, every_store_is_published, *(equality_check(mart) for mart in MARTS)]
