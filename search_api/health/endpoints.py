"""Health: is the process alive, and can it serve?"""

from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from oltp.db.queries import find_revision, has_event_partition
from oltp.db.session import Database
from search_api.dependencies import CurrentClock, get_database
from search_api.health.schemas import Alive, Readiness
from search_api.timing import TimingRecorder

router = APIRouter(tags=["health"])
_log = structlog.get_logger()


@router.get("/healthz", summary="Is the process alive?")
def healthz() -> Alive:
    """Answer as long as the process runs; asks nobody else."""
    return Alive()


@router.get("/readyz", summary="Can requests be served?", responses={503: {"model": Readiness}})
def readyz(request: Request, response: Response, database: Annotated[Database, Depends(get_database)],
           clock: CurrentClock) -> Readiness:
    """Check the database, its schema and the current event partition; 503 names what is missing."""
    timings: TimingRecorder = request.app.state.timings
    expected: str | None = request.app.state.expected_revision
    missing, revision = _missing(database, expected, clock.now())
    response.status_code = 503 if missing else 200
    if missing:
        _log.warning("not_ready", missing=missing)
    return Readiness(status="not_ready" if missing else "ready", missing=missing, details={
        "schema_revision": revision, "expected_revision": expected, "timings_dropped": timings.dropped_count,
        "timings_waiting": timings.waiting_count})


def _missing(database: Database, expected: str | None, now: datetime) -> tuple[list[str], str | None]:
    try:
        with database.anonymous_session() as session:
            revision = find_revision(session)
            has_partition = has_event_partition(session, moment=now)
    except SQLAlchemyError:
        return ["the database can't be reached"], None
    missing = []
    if revision is None:
        missing.append("the schema has never been migrated")
    elif expected is not None and revision != expected:
        missing.append(f"the schema stands at {revision}, expected {expected}")
    if not has_partition:
        missing.append(f"there is no event partition for {now:%Y-%m}")
    return missing, revision
