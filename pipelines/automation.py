"""Automation: what runs by itself. The sensor follows the shop, the schedules follow the clock."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from oltp.kit.ids import new_id
from pipelines.extract.news import find_news
from pipelines.naming import published_key
from pipelines.patience import Attempt, is_busy
from pipelines.resources import River
from pipelines.steps import CORRELATION_TAG, FULL_TAG
from warehouse.archiving import archivable, archive, list_months
from warehouse.maintenance import compact

# New rows are published within one tick and one run; a tick without news costs a few index probes.
TICK_SECONDS = 15

_EVERYTHING = dg.AssetSelection.all()
REFRESH = dg.define_asset_job(
    "refresh", _EVERYTHING - dg.AssetSelection.assets(published_key("product_embedding")),
    description="Reads what is new, rebuilds what it touches, checks it, publishes it. Cheap when nothing is new.")
RIVER_JOB = dg.define_asset_job(
    "river", _EVERYTHING, description="Everything that `refresh` does, and search documents and vectors.")
RECONCILE = dg.define_asset_job(
    "reconcile", _EVERYTHING, run_tags={FULL_TAG: "true"},
    description="Compares every row with Postgres and rebuilds every table; changes nothing if all was well.")


@dg.op(description="Merges small files, forgets snapshots older than seven days, removes what nobody refers to.")
def compact_lake(context: dg.OpExecutionContext, river: dg.ResourceParam[River]) -> None:
    compact(river.lake)
    context.log.info("The lake is compact.")


@dg.job(description="Keeps the lake's files few and its history short.", executor_def=dg.in_process_executor)
def maintenance() -> None:
    compact_lake()


@dg.op(description="Moves months that ended a year ago to the schema `archive`, if the lake holds the same rows.")
def archive_old_months(context: dg.OpExecutionContext, river: dg.ResourceParam[River]) -> None:
    today = river.clock.now().date()
    for month, digest in archive(river.lake, archivable(list_months(river.lake), today=today), today=today):
        context.log.info(f"{month.name}: {digest.row_count} rows are only in the lake and in the archive now.")


@dg.job(description="Keeps twelve months of events and audit entries in Postgres.", executor_def=dg.in_process_executor)
def archiving() -> None:
    archive_old_months()


@dg.sensor(
    jobs=[REFRESH, RIVER_JOB], minimum_interval_seconds=TICK_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run when Postgres holds rows that are not published yet.")
def follow_the_shop(context: dg.SensorEvaluationContext,
                    river: dg.ResourceParam[River]) -> dg.SensorResult | dg.SkipReason:
    now = river.clock.now()
    if is_busy(context.instance, [REFRESH.name, RIVER_JOB.name, RECONCILE.name], now=now):
        return dg.SkipReason("A run is under way.")
    with river.database.pipelines_session() as session:
        news = find_news(session)
    if not news.is_any:
        return dg.SkipReason(f"Nothing is new since horizon {news.published}.")
    before = Attempt.read(context.cursor)
    if before is not None and before.is_too_early(published=news.published, now=now):
        return dg.SkipReason(f"The last run published nothing; the next attempt is at {before.next_at:%H:%M:%S} UTC.")
    job = RIVER_JOB if news.concerns_catalog else REFRESH
    request = dg.RunRequest(job_name=job.name, tags={CORRELATION_TAG: str(new_id())})
    return dg.SensorResult(run_requests=[request],
                           cursor=Attempt.after(before, published=news.published, now=now).text())


_RUNNING = dg.DefaultScheduleStatus.RUNNING
# Hours and days pass without any new row, and move windows, cohorts and freshness with them.
SCHEDULES = [
    dg.ScheduleDefinition(name="hourly", job=RIVER_JOB, cron_schedule="7 * * * *", default_status=_RUNNING,
                          description="Follows the passing of hours and days, and embeds what was missed."),
    dg.ScheduleDefinition(name="nightly_reconcile", job=RECONCILE, cron_schedule="23 3 * * *",
                          default_status=_RUNNING, description="Proves every night that increments lost nothing."),
    dg.ScheduleDefinition(name="nightly_maintenance", job=maintenance, cron_schedule="53 3 * * *",
                          default_status=_RUNNING, description="After the reconciliation: compacts the lake."),
    dg.ScheduleDefinition(name="monthly_archiving", job=archiving, cron_schedule="41 4 2 * *",
                          default_status=dg.DefaultScheduleStatus.STOPPED,
                          description="Archives old months. Switched off: the operator decides when Postgres lets go."),
]
JOBS: list[dg.JobDefinition | UnresolvedAssetJobDefinition] = [REFRESH, RIVER_JOB, RECONCILE, maintenance, archiving]
