"""What promotions are decided on: plain values, so that the same cart comes to the same result on any day."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID


@dataclass(frozen=True)
class PromoLine:
    """A line of a cart. Amounts are gross minor units; `taken` was taken off before any promotion (a bundle's saving).

    `category_ids` holds the product's category and all above it.
    """

    line_id: str
    product_id: UUID
    variant_id: UUID
    collection_ids: frozenset[UUID]
    category_ids: frozenset[UUID]
    quantity: int
    unit_amount: int
    taken: int = 0
    bundle_id: UUID | None = None

    @cached_property
    def amount(self) -> int:
        """What the line costs before promotions: never negative."""
        return max(self.unit_amount * self.quantity - self.taken, 0)


@dataclass(frozen=True)
class PromoFacts:
    """A cart and who wants it. `codes` are normalised (see normalise_code); `at` is the moment it is priced for."""

    currency: str
    lines: tuple[PromoLine, ...]
    shipping_amount: int
    country: str | None
    region: str | None
    segment_ids: frozenset[UUID]
    is_first_order: bool
    is_identified: bool
    codes: tuple[str, ...]
    at: datetime


def normalise_code(code: str) -> str:
    """Return a code as it is stored: capital letters, no blanks around it."""
    return code.strip().upper()
