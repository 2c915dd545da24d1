"""The shop's own invariants as asset checks: what is wrong in Postgres is wrong in everything made of it."""

import json

import dagster as dg

from oltp.invariants import ROOMS, Finding, check_invariant
from pipelines.naming import asset_key
from pipelines.priority import CHECKS_PRIORITY
from pipelines.resources import River
from pipelines.steps import step


def invariant_check(room: str) -> dg.AssetChecksDefinition:
    """One check a room, on the orders: it tells, and stops nothing."""

    @dg.asset_check(asset=asset_key("raw.orders"), name=f"invariants_of_{room}", op_tags={
        "dagster/priority": CHECKS_PRIORITY}, description=f"What must always hold of {room} in Postgres holds.")
    def checked(context: dg.AssetCheckExecutionContext, river: dg.ResourceParam[River]) -> dg.AssetCheckResult:
        with step(context, river):
            return verdict([_found(river, f"{room}.{name}") for name in ROOMS[room]])

    return checked


def _found(river: River, name: str) -> Finding:
    with river.database.worker_session() as session:
        return check_invariant(session, name=name)


def verdict(findings: list[Finding]) -> dg.AssetCheckResult:
    """Return the room's result, with the first offenders of each invariant that is broken."""
    broken = [finding for finding in findings if not finding.holds]
    metadata: dict[str, dg.MetadataValue] = {
        finding.name: dg.MetadataValue.md(f"{finding.offender_count} rows, the first of them:\n```json\n"
                                          f"{json.dumps(finding.offenders, default=str, indent=1)}\n```")
        for finding in broken}
    metadata["invariants"] = dg.MetadataValue.int(len(findings))
    return dg.AssetCheckResult(passed=not broken, severity=dg.AssetCheckSeverity.ERROR, metadata=metadata)


INVARIANT_CHECKS = [invariant_check(room) for room in ROOMS]
