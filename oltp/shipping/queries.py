"""Reads of shipping: profiles with their rates, what is left to send, fulfilments with their parcels."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class ShippableFacts:
    """What shipping must know of a variant: `weight_grams` of one unit, 0 where nobody has weighed it."""

    product_id: UUID
    profile_id: UUID | None
    weight_grams: int


# Weights are kilograms in the legacy columns.
_FACTS = text("""
    SELECT v.id, v.product_id, p.shipping_profile_id,
           least(greatest(round(CAST(coalesce(v.weight, p.weight, 0) AS numeric) * 1000), 0), 1000000000)::bigint
             AS weight_grams
    FROM product_variants v JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id
    WHERE v.store_id = :store AND v.id = ANY (CAST(:variants AS uuid[]))""")


def list_shippable_facts(
    session: Session, *, store_id: UUID, variant_ids: Collection[UUID]
) -> dict[UUID, ShippableFacts]:
    """Return profile and weight by variant, in one statement; a variant that is not there is missing."""
    rows = session.execute(_FACTS, {"store": store_id, "variants": sorted(set(variant_ids))})
    return {row.id: ShippableFacts(row.product_id, row.shipping_profile_id, row.weight_grams) for row in rows}
