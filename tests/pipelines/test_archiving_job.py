"""The job that archives: it does what the command does, with the river's own clock."""

from datetime import UTC, datetime

import dagster as dg
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from oltp.kit.settings import Settings
from pipelines.automation import archiving
from pipelines.resources import RIVER, River


def test_the_job_archives_what_is_old_by_its_clock(database: Database, settings: Settings) -> None:
    with database.worker_session() as session:
        session.execute(text("SELECT ensure_event_partitions('2024-05-01', '2024-05-01')"))
    river = River(settings, database.url, clock=FixedClock(datetime(2025, 5, 31, tzinfo=UTC)))
    archived = text("SELECT to_regclass('archive.analytics_event_202405') IS NOT NULL")
    try:
        for expected in (False, True):
            done = archiving.execute_in_process(resources={RIVER: dg.ResourceDefinition.hardcoded_resource(river)})
            assert done.success
            with database.owner_session() as session:
                assert session.scalar(archived) is expected
            river.clock = FixedClock(datetime(2025, 6, 2, tzinfo=UTC))
    finally:
        river.close()
