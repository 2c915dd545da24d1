"""What shipping would cost for goods that nobody has ordered yet, at today's prices before discounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from oltp.pricing.queries import PriceWish, resolve_prices
from oltp.shipping.errors import VariantUnknown
from oltp.shipping.queries import list_shippable_facts
from oltp.shipping.quoting import quote_shipping
from oltp.shipping.rules import ShippableLine, ShippingOption


@dataclass(frozen=True)
class PreviewItem:
    """A variant and how many of it."""

    variant_id: UUID
    quantity: int


def preview_shipping(
    session: Session, *, store_id: UUID, items: Sequence[PreviewItem], country: str | None, region: str | None,
    currency: str, at: datetime,
) -> list[ShippingOption]:
    """Return the options, cheapest first, in three statements. Errors: VariantUnknown, PriceMissing."""
    facts = list_shippable_facts(session, store_id=store_id, variant_ids=[item.variant_id for item in items])
    for index, item in enumerate(items):
        if item.variant_id not in facts:
            raise VariantUnknown(variant_id=item.variant_id, field=f"items.{index}.variant_id")
    wishes = [PriceWish(item.variant_id, item.quantity) for item in items]
    prices = resolve_prices(
        session, store_id=store_id, wishes=wishes, currency=currency, customer_id=None, at=at)
    lines = []
    for item, price in zip(items, prices, strict=True):
        fact = facts[item.variant_id]
        lines.append(ShippableLine(
            fact.product_id, fact.profile_id, fact.weight_grams, item.quantity, price.amount * item.quantity))
    return quote_shipping(
        session, store_id=store_id, lines=lines, country=country, region=region, currency=currency)
