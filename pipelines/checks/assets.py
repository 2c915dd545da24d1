"""Asset checks over the lake. Blocking ones stop everything downstream of the tables they are about."""

from collections.abc import Iterator

import dagster as dg
import polars

from pipelines.checks.gate import anchors_of, examine
from pipelines.naming import asset_key
from pipelines.priority import CHECKS_PRIORITY
from pipelines.resources import River
from pipelines.steps import step
from warehouse.checks import CHECKS, Check, CheckResult


def lake_check(check: Check) -> dg.AssetChecksDefinition:
    """One step per check; its verdict is reported on every anchor."""
    anchors = anchors_of(check)
    others = [asset_key(target) for target in check.targets if target not in anchors]
    specs = [dg.AssetCheckSpec(check.name, asset=asset_key(anchor), description=check.description,
                               additional_deps=others, blocking=check.is_blocking) for anchor in anchors]

    @dg.multi_asset_check(name=f"check_{check.name}", specs=specs, description=check.description, can_subset=True,
                          op_tags={"dagster/priority": CHECKS_PRIORITY})
    def checked(context: dg.AssetCheckExecutionContext,
                river: dg.ResourceParam[River]) -> Iterator[dg.AssetCheckResult]:
        with step(context, river):
            result = examine(river, check.name)
        for key in context.selected_asset_check_keys:
            yield verdict(result, key.asset_key)

    return checked


def verdict(result: CheckResult, key: dg.AssetKey) -> dg.AssetCheckResult:
    """A check's result as Dagster shows it, with up to 20 offending rows."""
    severity = dg.AssetCheckSeverity.ERROR if result.check.is_blocking else dg.AssetCheckSeverity.WARN
    metadata: dict[str, dg.MetadataValue] = {"offenders": dg.MetadataValue.int(result.offender_count)}
    if result.offender_count:
        metadata["offending_rows"] = dg.MetadataValue.md(markdown_table(result.offenders))
    for name, value in result.facts.items():
        metadata[name] = dg.MetadataValue.int(value)
    return dg.AssetCheckResult(passed=result.offender_count == 0, asset_key=key, check_name=result.check.name,
                               severity=severity, metadata=metadata)


def markdown_table(rows: polars.DataFrame) -> str:
    """Rows as a Markdown table; bars and line breaks in values are made harmless."""
    def cell(value: object) -> str:
        return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")

    lines = [f"| {' | '.join(rows.columns)} |", "|" + " --- |" * rows.width]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows.iter_rows()]
    return "\n".join(lines)


LAKE_CHECKS = [lake_check(check) for check in CHECKS.values()]
