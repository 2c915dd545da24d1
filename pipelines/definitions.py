"""The code location: everything Dagster shows and runs. `dagster-webserver -m pipelines.definitions` loads `defs`."""

import dagster as dg

from oltp.kit.settings import Settings
from pipelines.automation import JOBS, SCHEDULES, follow_the_shop
from pipelines.checks.assets import LAKE_CHECKS
from pipelines.checks.invariants import INVARIANT_CHECKS
from pipelines.checks.standing import STANDING_CHECKS
from pipelines.extract.assets import raw_tables
from pipelines.learn.assets import product_embedding
from pipelines.publish.assets import PUBLISHED_ASSETS
from pipelines.resources import RIVER, River, river_resource
from pipelines.transform.assets import MODEL_ASSETS


def build_definitions(settings: Settings, database_url: str | None) -> dg.Definitions:
    """All definitions over one database. Loading needs no database; running does."""
    return dg.Definitions(
        assets=[raw_tables, *MODEL_ASSETS, *PUBLISHED_ASSETS, product_embedding],
        asset_checks=[*LAKE_CHECKS, *STANDING_CHECKS, *INVARIANT_CHECKS],
        jobs=JOBS, schedules=SCHEDULES, sensors=[follow_the_shop],
        resources={RIVER: river_resource(lambda: River(settings, database_url))},
        # A process per step would cost two seconds each, and each would open the lake anew.
        executor=dg.in_process_executor)


_settings = Settings()
defs = build_definitions(_settings, _settings.database_url)
