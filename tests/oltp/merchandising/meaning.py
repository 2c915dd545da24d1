"""What a collection's rule means, written the slow and obvious way: an oracle for the SQL."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from oltp.merchandising.conditions import (
    AllOf,
    AnyOf,
    Condition,
    CreatedWithin,
    HasAttribute,
    HasStatus,
    InCategory,
    IsAvailable,
    Not,
    OfBrand,
    PriceWithin,
)
from tests.selling import Shop


@dataclass(frozen=True)
class Facts:
    """What a rule may ask about a product. `categories`: its own one, then each above it."""

    product_id: UUID
    is_deleted: bool
    categories: tuple[UUID, ...]
    brand_id: UUID | None
    prices: dict[str, int]
    attributes: dict[UUID, set[str]]
    status: str
    created_at: datetime
    is_available: bool


def gather(shop: Shop) -> list[Facts]:
    """Read every product's facts, table by table."""
    with shop.database.session_for(shop.store_id) as session:
        def rows(table: str) -> list:
            return list(session.execute(text(f"SELECT * FROM {table}")))

        parents = {row.id: row.parent_id for row in rows("categories")}
        levels = {row.variant_id: row for row in rows("inventory_level")}
        variants, prices, values = rows("product_variants"), rows("product_price"), rows("product_attribute_values")
        products, now = rows("products"), session.scalar(text("SELECT now()"))
    found = []
    for row in products:
        path, category = [], row.category_id
        while category is not None and category not in path:
            path.append(category)
            category = parents[category]
        attributes: dict[UUID, set[str]] = {}
        for value in values:
            if value.product_id == row.id:
                attributes.setdefault(value.attribute_id, set()).add(value.value)
        own = [levels[each.id] for each in variants if each.product_id == row.id and each.deleted_at is None]
        found.append(Facts(
            row.id, row.deleted_at is not None, tuple(path), row.brand_id,
            {row.currency: row.price_amount,
             **{price.currency: price.amount for price in prices
                if price.product_id == row.id and now in price.during}},
            attributes, row.status, row.created_at,
            any(not level.is_tracked or level.on_hand + level.backorder_limit > 0 for level in own)))
    return found


def means(condition: Condition, facts: Facts) -> bool:
    """Say whether the product is meant."""
    match condition:
        case AllOf(of=parts):
            return all(means(part, facts) for part in parts)
        case AnyOf(of=parts):
            return any(means(part, facts) for part in parts)
        case Not(of=part):
            return not means(part, facts)
        case InCategory(category_ids=ids, has_descendants=below):
            return bool(set(facts.categories if below else facts.categories[:1]) & set(ids))
        case OfBrand(brand_ids=ids):
            return facts.brand_id in ids
        case PriceWithin(currency=currency, least=least, most=most):
            price = facts.prices.get(currency)
            return price is not None and (least or 0) <= price and (most is None or price <= most)
        case HasAttribute(attribute_id=attribute, values=wanted):
            return bool(facts.attributes.get(attribute, set()) & set(wanted))
        case HasStatus(statuses=statuses):
            return facts.status in statuses
        case CreatedWithin(since=since, until=until):
            return (since is None or facts.created_at >= since) and (until is None or facts.created_at < until)
        case IsAvailable(is_available=wanted):
            return facts.is_available is wanted
    raise AssertionError(condition)
