"""Variants of a product."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from oltp.catalog import variants
from oltp.catalog.queries import get_product
from oltp.merchandising.product_queries import list_priced_variants, view_variant
from oltp.merchandising.products import create_variant_with_stock
from search_api.catalog.callers import Cursor, Limit, Reader, Writer
from search_api.catalog.schemas_parts import Variant, VariantBody, VariantChanges, variant_answer
from search_api.cursors import read_id
from search_api.dependencies import Caller, CurrentClock, StoreSession
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import Page, encode_cursor

router = APIRouter(tags=["catalog"], route_class=KeyedRoute)
_ALL = "/v1/products/{product_id}/variants"
_ONE = f"{_ALL}/{{variant_id}}"


@router.get(_ALL, summary="List a product's variants, oldest first")
def get_variants(
    caller: Reader, session: StoreSession, product_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Variant]:
    """Return a page of the product's variants that are not deleted."""
    rows = list_priced_variants(
        session, store_id=caller.store_id, product_id=product_id, after=read_id(cursor), limit=limit + 1)
    more = encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None
    return Page[Variant](items=[variant_answer(row) for row in rows[:limit]], next=more)


@router.post(_ALL, status_code=201, summary="Add a variant to a product")
def post_variant(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, body: VariantBody,
    response: Response,
) -> Variant:
    """Add a variant, with its first stock; its prices are in the product's currency."""
    product = get_product(session, store_id=caller.store_id, product_id=product_id)
    wanted = body.wanted(currency=product.currency)
    made = create_variant_with_stock(
        session, store_id=caller.store_id, product_id=product_id, wanted=wanted, stock=body.stock, clock=clock)
    return _answer(session, caller=caller, product_id=product_id, variant_id=made, response=response)


@router.get(_ONE, summary="Read a variant")
def get_variant(
    caller: Reader, session: StoreSession, product_id: UUID, variant_id: UUID, response: Response
) -> Variant:
    """Return a variant, with its ETag."""
    return _answer(session, caller=caller, product_id=product_id, variant_id=variant_id, response=response)


@router.patch(_ONE, summary="Change a variant")
def patch_variant(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, variant_id: UUID,
    body: VariantChanges, expected: IfMatch, response: Response,
) -> Variant:
    """Change some fields; `is_default` true takes the place of the variant that is the default."""
    variants.update_variant(
        session, store_id=caller.store_id, product_id=product_id, variant_id=variant_id, changes=body.changes(),
        expected_updated_at=expected, clock=clock)
    return _answer(session, caller=caller, product_id=product_id, variant_id=variant_id, response=response)


@router.delete(_ONE, status_code=204, summary="Delete a variant")
def delete_variant(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, variant_id: UUID, expected: IfMatch
) -> None:
    """Delete a variant; a product's last one can't be deleted."""
    variants.delete_variant(
        session, store_id=caller.store_id, product_id=product_id, variant_id=variant_id,
        expected_updated_at=expected, clock=clock)


def _answer(
    session: Session, *, caller: Caller, product_id: UUID, variant_id: UUID, response: Response
) -> Variant:
    row = view_variant(session, store_id=caller.store_id, product_id=product_id, variant_id=variant_id)
    response.headers["ETag"] = etag_of(row.updated_at)
    return variant_answer(row)
