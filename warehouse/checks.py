"""Checks: named questions whose answer rows are offenders. No row, no complaint."""

from dataclasses import dataclass, field

import polars

from warehouse.connection import Lake
from warehouse.conservation import conservation
from warehouse.models import MODELS
from warehouse.runner import load_sql
from warehouse.tables import RAW_TABLES

SHOWN_OFFENDERS = 20


@dataclass(frozen=True)
class Check:
    """A rule about the lake. `targets`: full names of the tables it speaks about; the first is the one it guards."""

    name: str
    description: str
    targets: tuple[str, ...]
    is_blocking: bool = True


@dataclass(frozen=True)
class CheckResult:
    """What a check found: how many offenders, the first of them, and facts that are no complaint (in_flight)."""

    check: Check
    offender_count: int
    offenders: polars.DataFrame
    facts: dict[str, int] = field(default_factory=dict)

    @property
    def is_passed(self) -> bool:
        return self.offender_count == 0


_DAILY, _ATTRIBUTION, _COHORTS = "marts.daily_store_metrics", "marts.order_attribution", "marts.cohort_metrics"
_KEYED = (*(f"raw.{name}" for name in RAW_TABLES), *MODELS)

CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        Check("unique_keys", "No table of the lake holds two rows with the same key.", _KEYED),
        Check(
            "conservation",
            "Each row of Postgres below the horizon is in the lake in the same version, and nothing else is.",
            tuple(f"raw.{name}" for name in RAW_TABLES),
        ),
        Check(
            "daily_identities",
            "net = gross − discounts − reversals and total = net + shipping + taxes on every store-day.",
            (_DAILY,),
        ),
        Check(
            "reversals_within_order",
            "No order has more sales reversed than its gross − discounts, nor more pieces than it had.",
            ("staging.movements", "staging.orders"),
        ),
        Check(
            "refunds_within_total",
            "No order has more refunded than was to be paid.",
            ("raw.refunds", "raw.orders"),
        ),
        Check(
            "attribution_conserves",
            "In each model the credits of a counted order add up to its gross − discounts.",
            (_ATTRIBUTION, "staging.orders"),
        ),
        Check(
            "sales_views_agree",
            "Over all time the accounting view and the order view reverse the same.",
            (_DAILY,),
        ),
        Check(
            "events_conserved",
            "received = accepted + rejected + duplicate + quarantined + unconsented, and what was accepted is there.",
            ("raw.ingest_batches", "raw.analytics_events"),
        ),
        Check(
            "one_currency",
            "Every order is in its store's currency, or its rate is known.",
            ("raw.orders", "raw.stores"),
        ),
        Check(
            "models_complete",
            "Every order has a store-day, and the days add up to the lines.",
            (_DAILY, "staging.orders", "raw.order_items"),
        ),
        Check(
            "cohort_identities",
            "Period 0 holds the whole cohort, no period more than that, and the running revenue runs.",
            (_COHORTS,),
        ),
    )
}


def run_check(lake: Lake, name: str) -> CheckResult:
    """Run one check; KeyError if there is none of that name."""
    check = CHECKS[name]
    if name == "conservation":
        offenders, in_flight = conservation(lake)
        return CheckResult(check, offenders.height, offenders.head(SHOWN_OFFENDERS), {"in_flight": in_flight})
    text = _duplicates() if name == "unique_keys" else load_sql("checks", name)
    offenders = lake.frame(text)
    return CheckResult(check, offenders.height, offenders.head(SHOWN_OFFENDERS))


def run_checks(lake: Lake) -> list[CheckResult]:
    """Run all of them."""
    return [run_check(lake, name) for name in CHECKS]


def _duplicates() -> str:
    keys = {f"raw.{name}": table.key for name, table in RAW_TABLES.items()}
    keys |= {name: model.key for name, model in MODELS.items()}
    parts = []
    for name, columns in keys.items():
        key = ", ".join(columns)
        text = f"CONCAT_WS(' ', {', '.join(f'CAST({column} AS VARCHAR)' for column in columns)})"
        parts.append(
            f"SELECT '{name}' AS relation, MIN({text}) AS key, COUNT(*) AS copies FROM {name} "
            f"GROUP BY {key} HAVING COUNT(*) > 1"
        )
    return " UNION ALL ".join(parts)
