"""SKUs: unique among a store's live products, and among its live variants."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.catalog.errors import SkuTaken, SkuTwice
from oltp.db.locking import lock_keys

_TAKEN = """SELECT sku FROM {table} WHERE store_id = :store AND sku = ANY (CAST(:skus AS text[]))
            AND deleted_at IS NULL AND NOT id = ANY (CAST(:own AS uuid[]))"""


def claim_skus(
    session: Session, *, store_id: UUID, product_sku: str | None, variant_skus: Mapping[str, str],
    own: Sequence[UUID] = (),
) -> None:
    """Make sure that nobody else has these SKUs, nor gets them until this transaction ends; once a transaction.

    `variant_skus` is field → SKU; rows of `own` may have them. Under a lock of our own: the database lets a default
    variant that was made unasked give its SKU away, and that must not happen to a variant somebody looks for.

    Errors: SkuTwice, SkuTaken, each naming the field.
    """
    seen: set[str] = set()
    for field, sku in variant_skus.items():
        if sku in seen:
            raise SkuTwice(sku=sku, field=field)
        seen.add(sku)
    wanted = {*seen, *([product_sku] if product_sku is not None else [])}
    lock_keys(session, scope=f"sku:{store_id}", keys=wanted)
    if product_sku is not None and _taken(session, table="products", store_id=store_id, skus=[product_sku], own=own):
        raise SkuTaken(sku=product_sku, field="sku")
    taken = _taken(session, table="product_variants", store_id=store_id, skus=sorted(seen), own=own)
    for field, sku in variant_skus.items():
        if sku in taken:
            raise SkuTaken(sku=sku, field=field)


def _taken(session: Session, *, table: str, store_id: UUID, skus: Sequence[str], own: Sequence[UUID]) -> set[str]:
    return set(session.scalars(text(_TAKEN.format(table=table)), {
        "store": store_id, "skus": list(skus), "own": list(own)}))
