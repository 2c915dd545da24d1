"""Bodies and answers of prices and currency rates."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from oltp.pricing.listing import VariantPrice
from oltp.pricing.models import CurrencyRate, ProductPrice
from oltp.pricing.queries import RateUsed, ResolvedPrice
from search_api.money import Money, money, money_or_none
from search_api.schemas import Body, MinorAmount

# Moments that every time zone and the database can write; prices of other centuries are none.
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2900, 1, 1, tzinfo=UTC))]


class NewPrice(Body):
    """A price to be set, for exactly one of product and variant."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "product_id": "0197b2f0-0000-7000-8000-000000000001", "price": {"amount": 1999, "currency": "USD"},
        "compare_at_amount": 2499, "expires_at": "2026-12-01T00:00:00Z"}]})

    product_id: UUID | None = Field(default=None, description="For all variants without a price of their own.")
    variant_id: UUID | None = None
    price: Money
    compare_at_amount: MinorAmount | None = Field(
        default=None, description="What it is compared with, in minor units; not below the price.")
    segment_id: UUID | None = Field(default=None, description="Only for customers of this segment.")
    min_quantity: Annotated[int, Field(ge=1, le=2**31 - 1, description="From this quantity on.")] = 1
    effective_at: Moment | None = Field(default=None, description="From when on; now.")
    expires_at: Moment | None = Field(
        default=None, description="Until before when; until the window ends that it falls into, or the next begins.")


class PriceRow(BaseModel):
    """A price row. It holds in `[effective_at, expires_at)`."""

    id: UUID
    product_id: UUID | None
    variant_id: UUID | None
    price: Money
    compare_at: Money | None
    segment_id: UUID | None
    min_quantity: int
    effective_at: datetime
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


def price_row(row: ProductPrice) -> PriceRow:
    """Return a price row as it is answered."""
    names = set(PriceRow.model_fields) - {"price", "compare_at"}
    return PriceRow(
        price=money(row.amount, row.currency), compare_at=money_or_none(row.compare_at_amount, row.currency),
        **{name: getattr(row, name) for name in names})


class Conversion(BaseModel):
    """The rate a price was converted by: `rate` of `quote` for one `base`."""

    source: str
    base: str
    quote: str
    rated_on: date
    rate: Decimal = Field(description="A decimal number in a string.")
    via: str | None = Field(description="The currency both were quoted against, where there is no rate between them.")
    base_price: Money = Field(description="What was converted.")

    @classmethod
    def of(cls, rate: RateUsed, *, base_amount: int) -> Self:
        """Return a conversion as it is answered."""
        return cls(**vars(rate), base_price=money(base_amount, rate.base))


class UnitPrice(BaseModel):
    """What one unit costs, and why."""

    price: Money
    compare_at: Money | None
    source: Literal["price", "list", "converted"] = Field(
        description="A price row; the list price, where no row applies; or one of them in another currency.")
    price_id: UUID | None = Field(description="The price row, where there is one.")
    min_quantity: int
    segment_id: UUID | None
    conversion: Conversion | None

    @classmethod
    def of(cls, found: ResolvedPrice) -> Self:
        """Return a resolved price as it is answered."""
        rate, base_amount = found.rate, found.base_amount
        return cls(
            price=money(found.amount, found.currency),
            compare_at=money_or_none(found.compare_at_amount, found.currency),
            source=found.source, price_id=found.price_id, min_quantity=found.min_quantity, segment_id=found.segment_id,
            conversion=None if rate is None or base_amount is None else Conversion.of(rate, base_amount=base_amount))


class VariantPriceAnswer(BaseModel):
    """What a variant costs somebody."""

    variant_id: UUID
    sku: str
    unit: UnitPrice | None = Field(description="Null: it can't be bought in that currency.")
    lowest_30_days: Money | None = Field(
        description="The lowest price for everybody in the 30 days before the one that holds now began.")


def variant_price(found: VariantPrice) -> VariantPriceAnswer:
    """Return what a variant costs as it is answered."""
    return VariantPriceAnswer(
        variant_id=found.variant_id, sku=found.sku, unit=None if found.price is None else UnitPrice.of(found.price),
        lowest_30_days=money_or_none(found.lowest_amount, found.currency))


class CurrencyRateAnswer(BaseModel):
    """How much of `quote` one `base` was worth on a day."""

    source: str
    base: str
    quote: str
    rated_on: date
    rate: Decimal = Field(description="A decimal number in a string.")
    recorded_at: datetime


def currency_rate(row: CurrencyRate) -> CurrencyRateAnswer:
    """Return a rate as it is answered."""
    return CurrencyRateAnswer.model_validate(row, from_attributes=True)
