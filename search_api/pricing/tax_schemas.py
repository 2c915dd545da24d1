"""Bodies and answers of taxes and of how a store sells."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from oltp.pricing.tax_actions import TaxFields
from oltp.pricing.tax_models import TaxRate
from oltp.tenancy.queries import Selling
from search_api.schemas import Body, CountryCode, Line

Share = Annotated[
    Decimal, Field(ge=0, le=1, max_digits=7, decimal_places=6, description="0.19 is 19 %; best sent as a string.")]
TaxClass = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Name = Annotated[Line, Field(max_length=200)]
Region = Annotated[Line, Field(max_length=50, description="State or province, as addresses name it; any case.")]


class NewTaxRate(Body):
    """A tax rate to be added."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "name": "Sales tax", "country": "US", "region": "CA", "rate": "0.0725", "is_on_shipping": False}]})

    name: Name
    country: CountryCode
    region: Region | None = Field(default=None, description="Null: the whole country.")
    tax_class: TaxClass = Field(default="standard", description="Products with this tax class pay it.")
    rate: Share
    is_on_shipping: bool = Field(default=True, description="Of the class `standard`: shipping pays it too.")

    def fields(self) -> TaxFields:
        """Return the rate as the room takes it."""
        return TaxFields(**self.model_dump())


class TaxRateChanges(Body):
    """Fields of a tax rate to be changed. Null clears the region; other fields it leaves."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"rate": "0.0825"}]})

    name: Name | None = None
    country: CountryCode | None = None
    region: Region | None = None
    tax_class: TaxClass | None = None
    rate: Share | None = None
    is_on_shipping: bool | None = None

    def changes(self) -> dict[str, object]:
        """Return field → value as the room takes them."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name == "region"}


class TaxRateAnswer(BaseModel):
    """A tax rate."""

    id: UUID
    name: str
    country: str
    region: str | None
    tax_class: str
    rate: Decimal = Field(description="A share as a decimal number in a string: 0.190000 is 19 %.")
    is_on_shipping: bool
    created_at: datetime
    updated_at: datetime


def tax_rate_answer(row: TaxRate) -> TaxRateAnswer:
    """Return a tax rate as it is answered."""
    return TaxRateAnswer.model_validate(row, from_attributes=True)


Minutes = Annotated[int, Field(ge=1, le=1440)]
Mode = Literal["stack", "best_deal"]


class SellingSettings(BaseModel):
    """How the store sells."""

    prices_include_tax: bool = Field(description="Prices contain the tax.")
    promotion_mode: Mode = Field(description="All promotions that go together, or the best single combination.")
    converts_currencies: bool = Field(description="Prices that are missing in a currency are converted.")
    rate_source: str = Field(description="Whose rates they are converted by, e.g. ecb.")
    quote_minutes: int = Field(description="So long a quote holds.")
    reservation_minutes: int = Field(description="So long stock is kept for an order that is being paid.")
    unpaid_minutes: int = Field(description="After so long an unpaid order is cancelled.")
    order_number_prefix: str


class SellingChanges(Body):
    """Fields to be changed; null leaves a field as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={
        "examples": [{"prices_include_tax": True, "converts_currencies": True}]})

    prices_include_tax: bool | None = None
    promotion_mode: Mode | None = None
    converts_currencies: bool | None = None
    rate_source: Annotated[Line, Field(max_length=100)] | None = None
    quote_minutes: Minutes | None = None
    reservation_minutes: Minutes | None = None
    unpaid_minutes: Annotated[int, Field(ge=1, le=43200)] | None = None
    order_number_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,16}$")] | None = None


def selling_answer(selling: Selling) -> SellingSettings:
    """Return the settings as they are answered."""
    return SellingSettings.model_validate(asdict(selling))
