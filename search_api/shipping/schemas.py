"""Schemas of shipping profiles, rates and quotes: bodies and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from oltp.shipping.coverage import Finding
from oltp.shipping.models import ShippingProfile, ShippingRate
from oltp.shipping.profiles import RateFields
from oltp.shipping.rules import ShippingOption
from search_api.money import Money, money
from search_api.schemas import LARGEST_AMOUNT, Body, CountryCode, CurrencyCode, Line, Quantity

Basis = Literal["weight", "price", "quantity"]
Name = Annotated[Line, Field(max_length=200)]
Region = Annotated[Line, Field(max_length=100, description="State or province, as addresses name it; any case.")]
Edge = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]
Days = Annotated[int, Field(ge=0, le=3650)]
LARGEST_ASSIGNMENT = 1000


class NewProfile(Body):
    """A shipping profile to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Parcels"}]})

    name: Name
    is_default: bool = Field(default=False, description="Products without a profile ship by it.")


class ProfileChanges(Body):
    """Fields of a shipping profile to be changed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_default": True}]})

    name: Name | None = None
    is_default: bool | None = None


class Profile(BaseModel):
    """Products that ship alike."""

    id: UUID
    name: str
    is_default: bool
    created_at: datetime
    updated_at: datetime


def profile_answer(row: ShippingProfile) -> Profile:
    """Return a profile as it is answered."""
    return Profile.model_validate(row, from_attributes=True)


class Assignment(Body):
    """Products that shall ship by the profile."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={
        "examples": [{"product_ids": ["0197b2f0-0000-7000-8000-000000000001"]}]})

    product_ids: list[UUID] = Field(min_length=1, max_length=LARGEST_ASSIGNMENT)


class Assigned(BaseModel):
    """What an assignment came to."""

    changed_count: int = Field(description="How many of the products shipped otherwise before.")


class NewRate(Body):
    """A rate to be made. A band is half-open: its lower edge belongs to it, its upper edge doesn't."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "name": "Standard", "country": "US", "basis": "price", "band_from": 0, "band_to": 5000,
        "price": {"amount": 599, "currency": "USD"}, "least_days": 5, "most_days": 7}]})

    name: Name = Field(description="What customers choose; options of several profiles are combined by it.")
    price: Money
    country: CountryCode | None = Field(default=None, description="Null: everywhere.")
    region: Region | None = None
    basis: Basis = Field(default="price", description="What the band measures: grams, minor units or pieces.")
    band_from: Edge = 0
    band_to: Edge | None = Field(default=None, description="Null: without end.")
    least_days: Days | None = None
    most_days: Days | None = None
    is_active: bool = True

    def fields(self) -> RateFields:
        """Return the rate as the room takes it."""
        values = self.model_dump(exclude={"price"})
        return RateFields(amount=self.price.amount, currency=self.price.currency, **values)


# What null clears; for other fields null says nothing.
_CLEARED = frozenset({"country", "region", "band_to", "least_days", "most_days"})


class RateChanges(Body):
    """Fields of a rate to be changed. Null clears country, region, band_to and days; other fields it leaves."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={
        "examples": [{"price": {"amount": 699, "currency": "USD"}}]})

    name: Name | None = None
    price: Money | None = None
    country: CountryCode | None = None
    region: Region | None = None
    basis: Basis | None = None
    band_from: Edge | None = None
    band_to: Edge | None = None
    least_days: Days | None = None
    most_days: Days | None = None
    is_active: bool | None = None

    def changes(self) -> dict[str, object]:
        """Return field → value as the room takes them."""
        given = self.model_dump(exclude_unset=True, exclude={"price"})
        found = {name: value for name, value in given.items() if value is not None or name in _CLEARED}
        if self.price is not None:
            found.update(amount=self.price.amount, currency=self.price.currency)
        return found


class Rate(BaseModel):
    """A price for a zone and a band."""

    id: UUID
    profile_id: UUID
    name: str
    country: str | None
    region: str | None
    basis: Basis
    band_from: int
    band_to: int | None
    price: Money
    least_days: int | None
    most_days: int | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


def rate_answer(row: ShippingRate) -> Rate:
    """Return a rate as it is answered."""
    names = set(Rate.model_fields) - {"price"}
    return Rate(price=money(row.amount, row.currency), **{name: getattr(row, name) for name in names})


class RateFinding(BaseModel):
    """A gap or an overlap of one option in one zone: values in [since, until)."""

    kind: Literal["gap", "overlap"]
    message: str
    name: str
    country: str | None
    region: str | None
    currency: str
    basis: Basis
    since: int
    until: int | None
    is_uncovered: bool = Field(description="Nothing else is offered there: such an order can't be sent.")


class ProfileCheck(BaseModel):
    """What is wrong with a profile's rates."""

    findings: list[RateFinding]


def check_answer(findings: list[Finding]) -> ProfileCheck:
    """Return the validator's findings as they are answered."""
    return ProfileCheck(findings=[
        RateFinding(kind=each.kind, message=each.message, name=each.name, country=each.zone.country,
                    region=each.zone.region, currency=each.zone.currency, basis=each.basis, since=each.since,
                    until=each.until, is_uncovered=each.is_uncovered) for each in findings])


class QuotedItem(Body):
    """A variant and how many of it."""

    variant_id: UUID
    quantity: Quantity


class QuoteWish(Body):
    """What would be sent where."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "items": [{"variant_id": "0197b2f0-0000-7000-8000-000000000001", "quantity": 2}], "country": "US",
        "region": "CA", "currency": "USD"}]})

    items: list[QuotedItem] = Field(min_length=1, max_length=200)
    country: CountryCode | None = None
    region: Region | None = None
    currency: CurrencyCode


class Option(BaseModel):
    """What a customer may choose."""

    name: str
    price: Money
    least_days: int | None
    most_days: int | None
    rate_ids: list[UUID]


class QuoteAnswer(BaseModel):
    """The options, cheapest first; none: it can't be sent there, or not for that currency."""

    options: list[Option]


def quote_answer(options: list[ShippingOption]) -> QuoteAnswer:
    """Return the options as they are answered."""
    return QuoteAnswer(options=[
        Option(name=each.name, price=money(each.amount, each.currency), least_days=each.least_days,
               most_days=each.most_days, rate_ids=list(each.rate_ids)) for each in options])
