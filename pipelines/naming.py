"""Names analysts see: asset keys, groups by business question, owners."""

import dagster as dg

OWNER = "team:data-platform"
INGESTION, SESSIONS, SALES, COHORTS, ATTRIBUTION, RECOMMENDATIONS, PUBLISH = (
    "ingestion", "sessions", "sales", "cohorts", "attribution", "recommendations", "publish")

_GROUPS = {
    "staging.sessions": SESSIONS,
    "marts.cohort_metrics": COHORTS,
    "marts.order_attribution": ATTRIBUTION,
    "marts.product_recommendation": RECOMMENDATIONS,
}


def asset_key(full_name: str) -> dg.AssetKey:
    """Key of a lake table: `marts.daily_store_metrics` → marts/daily_store_metrics."""
    return dg.AssetKey(full_name.split("."))


def published_key(mart: str) -> dg.AssetKey:
    """Key of a table in Postgres that the pipelines publish."""
    return dg.AssetKey(["published", mart])


def group_of(full_name: str) -> str:
    """The business question a lake table belongs to; whatever is not named otherwise is about sales."""
    return INGESTION if full_name.startswith("raw.") else _GROUPS.get(full_name, SALES)
