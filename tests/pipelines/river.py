"""Running the river in tests and reading what it reported and published."""

from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.settings import Settings
from pipelines.automation import RIVER_JOB
from pipelines.definitions import build_definitions
from warehouse.models import MARTS


@dataclass
class Told:
    """What a run reported: success, failed steps, and the metadata of each materialized asset."""

    success: bool
    failed: set[str] = field(default_factory=set)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: dict[str, bool] = field(default_factory=dict)

    def changed(self) -> dict[str, int]:
        """Rows changed by asset, those without any change left out."""
        return {name: facts["rows_changed"] for name, facts in self.facts.items() if facts["rows_changed"]}


def run(settings: Settings, database: Database, *, tags: dict[str, str] | None = None,
        instance: dg.DagsterInstance | None = None) -> Told:
    """Run everything once in this process."""
    job = build_definitions(settings, database.url).resolve_job_def(RIVER_JOB.name)
    config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = job.execute_in_process(run_config=config, raise_on_error=False, tags=tags, instance=instance)
    told = Told(result.success)
    for event in result.all_events:
        if event.is_step_failure and event.step_key:
            told.failed.add(event.step_key)
        if event.is_step_materialization:
            made = event.step_materialization_data.materialization
            told.facts[made.asset_key.to_user_string()] = {
                name: value.value for name, value in made.metadata.items()}
    for evaluation in result.get_asset_check_evaluations():
        told.checks[f"{evaluation.asset_key.to_user_string()}:{evaluation.check_name}"] = evaluation.passed
    return told


def published(database: Database, mart: str) -> set[str]:
    """The rows of a published table as text, without when and from which horizon they were written."""
    with database.pipelines_session() as session:
        rows = session.scalars(text(f"SELECT (to_jsonb(t) - 'horizon' - 'published_at')::text FROM {mart} t"))
        return set(rows)


def everything_published(database: Database) -> dict[str, set[str]]:
    """All published marts."""
    return {mart: published(database, mart) for mart in MARTS}
