"""Everything a total is made from, as plain values: what the trace of a quote keeps, and compute() needs no other."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from oltp.merchandising.rules import BundleParts
from oltp.promotions.rules import ActiveRule
from oltp.shipping.rules import ShippingOption

Mode = Literal["stack", "best_deal"]


@dataclass(frozen=True)
class ConversionUsed:
    """The rate a price was converted by: `rate` of `quote` for one `base`, of that day, by that source.

    `via` is the currency both were quoted against, where the source doesn't quote one against the other.
    """

    source: str
    base: str
    quote: str
    rated_on: str
    rate: Decimal
    via: str | None
    base_amount: int | None
    base_currency: str | None


@dataclass(frozen=True)
class PriceUsed:
    """Where a unit price came from: a price row, a list price, or one converted from another currency."""

    source: str
    price_id: UUID | None
    min_quantity: int
    segment_id: UUID | None
    compare_at_amount: int | None
    conversion: ConversionUsed | None


@dataclass(frozen=True)
class TaxUsed:
    """The tax rate of a line: a share, 0.19 is 19 %. `id` is None where nothing is taxed."""

    id: UUID | None
    name: str
    rate: Decimal


@dataclass(frozen=True)
class QuoteLine:
    """A line before anything is taken off. `line_id` is its place, from "1" on; `unit_amount` as the price list says.

    A part of a bundle names it; `weight_grams` is of one unit, 0 where nobody knows.
    """

    line_id: str
    product_id: UUID
    variant_id: UUID
    bundle_id: UUID | None
    product_name: str
    variant_name: str | None
    sku: str
    image: str | None
    quantity: int
    unit_amount: int
    price: PriceUsed
    tax: TaxUsed
    profile_id: UUID | None
    weight_grams: int
    collection_ids: frozenset[UUID] = frozenset()
    category_ids: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class QuoteBundle:
    """A bundle that is bought so many times; `lines` are the line ids of its parts, in its order."""

    parts: BundleParts
    quantity: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class QuoteInputs:
    """All that decides on a total at one moment. `mode` is how promotions go together: stack or best_deal."""

    currency: str
    at: datetime
    includes_tax: bool
    mode: Mode
    country: str | None
    region: str | None
    segment_ids: frozenset[UUID]
    is_first_order: bool
    is_identified: bool
    codes: tuple[str, ...]
    lines: tuple[QuoteLine, ...]
    bundles: tuple[QuoteBundle, ...]
    rules: tuple[ActiveRule, ...]
    shipping: ShippingOption | None
    shipping_rate: Decimal
