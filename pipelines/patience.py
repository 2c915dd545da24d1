"""Patience of the sensor: not two runs at once, and longer and longer pauses while runs publish nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import dagster as dg

# A run that has said nothing for so long was killed; it must not keep the sensor waiting for ever.
SILENT_AFTER = timedelta(minutes=30)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_ACTIVE = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING,
           dg.DagsterRunStatus.STARTED]


def is_busy(instance: dg.DagsterInstance, jobs: Sequence[str], *, now: datetime) -> bool:
    """Whether a run of one of the jobs is waiting or working."""
    return any(
        instance.get_runs_count(dg.RunsFilter(job_name=job, statuses=_ACTIVE, updated_after=now - SILENT_AFTER))
        for job in jobs)


@dataclass(frozen=True)
class Attempt:
    """The last run that was asked for: at which published horizon, the how manieth in vain, when to ask again."""

    published: int | None
    count: int
    next_at: datetime

    @classmethod
    def read(cls, cursor: str | None) -> Self | None:
        """The attempt kept in a sensor's cursor, if any."""
        if not cursor:
            return None
        kept = json.loads(cursor)
        return cls(kept["published"], kept["count"], datetime.fromisoformat(kept["next_at"]))

    @classmethod
    def after(cls, before: Self | None, *, published: int | None, now: datetime) -> Self:
        """The attempt made now; the pause doubles as long as the published horizon stands still."""
        count = before.count + 1 if before is not None and before.published == published else 1
        return cls(published, count, now + min(FIRST_PAUSE * 2 ** min(count - 1, 10), LONGEST_PAUSE))

    def is_too_early(self, *, published: int | None, now: datetime) -> bool:
        """Whether the horizon has not moved since the attempt and its pause is not over."""
        return published == self.published and now < self.next_at

    def text(self) -> str:
        """The cursor that `read` understands."""
        return json.dumps({"published": self.published, "count": self.count, "next_at": self.next_at.isoformat()})
