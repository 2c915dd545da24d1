"""What a collection's rule means in SQL: a condition on a product `p` of the store :store, with bound values."""

from typing import Any

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

_BELOW = """p.category_id IN (
  WITH RECURSIVE below (id) AS (
    SELECT unnest(CAST(:{name} AS uuid[]))
    UNION SELECT c.id FROM categories c JOIN below b ON c.parent_id = b.id
      WHERE c.store_id = :store AND c.deleted_at IS NULL)
  SELECT id FROM below)"""
# As the listing shows it: the price row for everybody that holds now, else the product's own list price.
_PRICE = """coalesce(
  (SELECT r.amount FROM product_price r WHERE r.store_id = p.store_id AND r.product_id = p.id
     AND r.currency = :{name}c AND r.segment_id IS NULL AND r.min_quantity = 1 AND r.during @> now() LIMIT 1),
  CASE WHEN p.currency = :{name}c THEN p.price_amount END)
  BETWEEN coalesce(CAST(:{name}l AS bigint), 0) AND coalesce(CAST(:{name}m AS bigint), 9223372036854775807)"""
_ATTRIBUTE = """EXISTS (
  SELECT FROM product_attribute_values a WHERE a.store_id = p.store_id AND a.product_id = p.id
    AND a.attribute_id = :{name}a AND a.value = ANY (CAST(:{name}v AS text[])))"""
_CREATED = """(p.created_at >= coalesce(CAST(:{name}s AS timestamptz), '-infinity')
  AND p.created_at < coalesce(CAST(:{name}u AS timestamptz), 'infinity'))"""
_AVAILABLE = """EXISTS (
  SELECT FROM product_variants v JOIN inventory_level l ON l.store_id = v.store_id AND l.variant_id = v.id
  WHERE v.store_id = p.store_id AND v.product_id = p.id AND v.deleted_at IS NULL
    AND (NOT l.is_tracked OR l.on_hand::bigint + l.backorder_limit > 0))"""


def compile_rule(condition: Condition, *, prefix: str = "r") -> tuple[str, dict[str, Any]]:
    """Return the condition as SQL and its bound values, whose names begin with `prefix`; it is never NULL."""
    values: dict[str, Any] = {}
    sql = _compile(condition, prefix, values)
    return sql, values


def _compile(condition: Condition, prefix: str, values: dict[str, Any]) -> str:
    if isinstance(condition, Not):
        return f"NOT {_compile(condition.of, prefix, values)}"
    if isinstance(condition, AllOf | AnyOf):
        joint = " AND " if isinstance(condition, AllOf) else " OR "
        return "(" + joint.join(_compile(part, prefix, values) for part in condition.of) + ")"
    template, given = _leaf(condition)
    # Every part has names of its own; the number is that of the values before it.
    name = f"{prefix}_{len(values)}"
    values.update({name + suffix: value for suffix, value in given.items()})
    # What is unknown (no category, no price in the currency) does not hold, and its opposite does.
    return f"coalesce({template.format(name=name)}, false)"


def _leaf(condition: Condition) -> tuple[str, dict[str, Any]]:
    """Return the SQL of a part without parts, and its values by the suffix of their names."""
    match condition:
        case InCategory(category_ids=ids, has_descendants=True):
            return _BELOW, {"": list(ids)}
        case InCategory(category_ids=ids):
            return "p.category_id = ANY (CAST(:{name} AS uuid[]))", {"": list(ids)}
        case OfBrand(brand_ids=ids):
            return "p.brand_id = ANY (CAST(:{name} AS uuid[]))", {"": list(ids)}
        case PriceWithin(currency=currency, least=least, most=most):
            return _PRICE, {"c": currency, "l": least, "m": most}
        case HasAttribute(attribute_id=attribute, values=wanted):
            return _ATTRIBUTE, {"a": attribute, "v": list(wanted)}
        case HasStatus(statuses=statuses):
            return "p.status::text = ANY (CAST(:{name} AS text[]))", {"": list(statuses)}
        case CreatedWithin(since=since, until=until):
            return _CREATED, {"s": since, "u": until}
        case IsAvailable(is_available=wanted):
            return ("" if wanted else "NOT ") + _AVAILABLE, {}
    raise AssertionError(condition)
