"""Bodies and answers about stock."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from oltp.inventory.bulk import MOST_ROWS, ChangeOutcome
from oltp.inventory.changing import WantedChange
from oltp.inventory.models import InventoryAdjustment, StockReservation
from oltp.inventory.queries import ListedLevel
from oltp.inventory.rules import ReasonCode, availability
from search_api.errors import FieldError
from search_api.schemas import Body, Line, Text

# Far beyond any shelf, and far below what a level's column holds.
_STOCK = 1_000_000_000
Stock = Annotated[int, Field(ge=-_STOCK, le=_STOCK)]
Limit = Annotated[int, Field(ge=0, le=_STOCK)]


class Level(BaseModel):
    """A variant's stock now."""

    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    on_hand: int
    reserved: int = Field(description="Promised to orders; reservations that have run out are not counted.")
    available: int | None = Field(description="What may be sold now; null where the variant is not counted.")
    backorder_limit: int = Field(description="How many may be sold beyond what is there.")
    low_stock_threshold: int
    is_tracked: bool
    availability: Literal["in_stock", "low_stock", "out_of_stock"]
    updated_at: datetime


class Adjustment(BaseModel):
    """One row of the ledger: why stock moved, and by how much."""

    id: UUID
    variant_id: UUID
    delta: int
    reason_code: ReasonCode
    reason_detail: str | None
    note: str | None
    order_id: UUID | None
    created_at: datetime


class AdjustmentAnswer(BaseModel):
    """What a change came to."""

    adjustment: Adjustment | None = Field(description="Null where the stock was so already.")
    level: Level


class AdjustmentBody(Body):
    """A change of a variant's stock: by `delta`, or to `on_hand` as it was counted."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "variant_id": "0199aa00-0000-7000-8000-000000000001", "delta": -2, "reason_code": "manual",
        "reason_detail": "damaged", "expected_on_hand": 10}]})

    variant_id: UUID
    delta: Stock | None = None
    on_hand: Stock | None = None
    reason_code: ReasonCode
    reason_detail: Line | None = Field(default=None, description="A finer reason, e.g. damaged, theft, found.")
    note: Text | None = None
    expected_on_hand: Stock | None = Field(
        default=None, description="Change it only if so many are there; else 409 says how many are.")


class BulkBody(Body):
    """Up to a thousand changes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"rows": [
        {"variant_id": "0199aa00-0000-7000-8000-000000000001", "on_hand": 40, "reason_code": "correction"}]}]})

    rows: Annotated[list[AdjustmentBody], Field(min_length=1, max_length=MOST_ROWS)]


class BulkRow(BaseModel):
    """What became of one row."""

    index: int
    variant_id: UUID
    adjustment_id: UUID | None
    on_hand: int | None = Field(description="After the row; null where there is no such variant.")
    code: str | None = Field(description="Why it was refused; null where it was done.")
    error: FieldError | None


class BulkAnswer(BaseModel):
    """What became of each row, in their order."""

    done_count: int
    refused_count: int
    rows: list[BulkRow]


class LevelBody(Body):
    """How a variant is stocked; what is not given stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"backorder_limit": 20}]})

    backorder_limit: Limit | None = None
    low_stock_threshold: Limit | None = None
    is_tracked: bool | None = None


class Reservation(BaseModel):
    """Stock promised to an order until a moment."""

    id: UUID
    variant_id: UUID
    order_id: UUID | None
    quantity: int
    expires_at: datetime
    extended_at: datetime | None
    created_at: datetime


def level_answer(level: ListedLevel) -> Level:
    """Return the answer's form of a level."""
    seen = availability(
        on_hand=level.on_hand, reserved=level.reserved, backorder_limit=level.backorder_limit,
        low_stock_threshold=level.low_stock_threshold, is_tracked=level.is_tracked)
    return Level(**vars(level), availability=seen)


def adjustment_answer(row: InventoryAdjustment) -> Adjustment:
    """Return the answer's form of a ledger row."""
    return Adjustment.model_validate(row, from_attributes=True)


def reservation_answer(row: StockReservation) -> Reservation:
    """Return the answer's form of a reservation."""
    return Reservation.model_validate(row, from_attributes=True)


def wanted_change(row: AdjustmentBody) -> WantedChange:
    """Return what a row of a bulk body asks for."""
    return WantedChange(row.variant_id, row.delta, row.on_hand, row.reason_code, row.reason_detail, row.note,
                        row.expected_on_hand)


def bulk_answer(outcomes: list[ChangeOutcome]) -> BulkAnswer:
    """Return what became of each row."""
    rows = []
    for index, outcome in enumerate(outcomes):
        refusal = outcome.refusal
        field = f"body.rows.{index}" + (f".{refusal.field}" if refusal is not None and refusal.field else "")
        rows.append(BulkRow(
            index=index, variant_id=outcome.variant_id, adjustment_id=outcome.adjustment_id, on_hand=outcome.on_hand,
            code=None if refusal is None else refusal.code,
            error=None if refusal is None else FieldError(field=field, message=str(refusal))))
    refused = sum(row.code is not None for row in rows)
    return BulkAnswer(done_count=len(rows) - refused, refused_count=refused, rows=rows)
