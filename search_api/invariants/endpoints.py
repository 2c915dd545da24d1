"""Invariants: does everything hold in the caller's store that must always hold?"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from oltp.invariants import Finding, check_invariants
from search_api.dependencies import Caller, StoreSession, require

router = APIRouter(tags=["invariants"])


class InvariantReport(BaseModel):
    """What one invariant found."""

    room: str
    name: str
    holds: bool
    offender_count: int
    offenders: list[dict[str, Any]] = Field(description="The first twenty rows that break it.")


class InvariantReports(BaseModel):
    """What all invariants found."""

    holds: bool = Field(description="Whether all of them hold.")
    items: list[InvariantReport]


@router.get("/v1/invariants", summary="Check what must always hold")
def get_invariants(
    caller: Annotated[Caller, Depends(require("invariant.read"))], session: StoreSession
) -> InvariantReports:
    """Check stock, money, usage, refunds, fulfilment and orders of the store. Nothing is changed."""
    findings = check_invariants(session, store_id=caller.store_id)
    holds = all(finding.holds for finding in findings)
    return InvariantReports(holds=holds, items=[_report(finding) for finding in findings])


def _report(finding: Finding) -> InvariantReport:
    return InvariantReport(room=finding.room, name=finding.name, holds=finding.holds,
                           offender_count=finding.offender_count, offenders=list(finding.offenders))
