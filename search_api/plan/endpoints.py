"""Plan: what the store has used of its subscription's limits."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from oltp.tenancy.usage import Meter, meter
from search_api.dependencies import Caller, CurrentClock, StoreSession, require

router = APIRouter(tags=["plan"])


class MeterItem(BaseModel):
    """How much of one limit is used."""

    used: int
    limit: int | None = Field(description="null: there is none.")
    is_near: bool = Field(description="Whether 80 % are used.")
    text: str = Field(examples=["45/100 products"])


class UsageAnswer(BaseModel):
    """What the store has used of its plan."""

    plan: Literal["FREE", "BASIC", "PRO", "ENTERPRISE"]
    status: Literal["TRIAL", "ACTIVE", "PAST_DUE", "CANCELED", "PAUSED"]
    is_usable: bool = Field(description="Whether the store takes new orders and products.")
    month_on: date = Field(description="First day of the month that orders are counted in, in the store's time zone.")
    products: MeterItem
    orders: MeterItem


@router.get("/v1/usage", summary="Read what is used of the store's plan")
def get_usage(
    caller: Annotated[Caller, Depends(require("billing.manage"))], session: StoreSession, clock: CurrentClock
) -> UsageAnswer:
    """Return the plan with its two meters: products, and orders of the calendar month."""
    found = meter(session, store_id=caller.store_id, now=clock.now())
    return UsageAnswer.model_validate({
        "plan": found.plan, "status": found.status, "is_usable": found.is_usable, "month_on": found.month_on,
        "products": _meter(found.products), "orders": _meter(found.orders)})


def _meter(found: Meter) -> MeterItem:
    return MeterItem(used=found.used, limit=found.limit, is_near=found.is_near, text=found.text)
