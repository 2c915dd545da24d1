"""Products: made, read, changed, published, deleted and restored."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from oltp.catalog import products
from oltp.merchandising.product_queries import view_product
from oltp.merchandising.products import create_product_with_stock
from search_api.catalog.callers import Locale, Publisher, Reader, Writer
from search_api.catalog.schemas_products import (
    Product,
    ProductBody,
    ProductChanges,
    Restoration,
    Withdrawal,
    product_answer,
)
from search_api.dependencies import Caller, CurrentClock, StoreSession
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["catalog"], route_class=KeyedRoute)


@router.post("/v1/products", status_code=201, summary="Make a product with its variants and first stock")
def post_product(
    caller: Writer, session: StoreSession, clock: CurrentClock, body: ProductBody, response: Response
) -> Product:
    """Make a draft; without variants it gets one of its own SKU. Refused with 402 beyond the plan's products."""
    made = create_product_with_stock(
        session, store_id=caller.store_id, wanted=body.wanted(), stock=body.first_stock(), clock=clock)
    return _answer(session, caller=caller, product_id=made.id, response=response)


@router.get("/v1/products/{product_id}", summary="Read a product")
def get_product(
    caller: Reader, session: StoreSession, product_id: UUID, response: Response, locale: Locale = None
) -> Product:
    """Return a product with its variants and images, in the words of the locale, its language, or the store's own."""
    return _answer(session, caller=caller, product_id=product_id, response=response, locale=locale)


@router.patch("/v1/products/{product_id}", summary="Change a product")
def patch_product(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, body: ProductChanges,
    expected: IfMatch, response: Response,
) -> Product:
    """Change some fields. A new name without a slug gives a new slug."""
    products.update_product(session, store_id=caller.store_id, product_id=product_id, changes=body.changes(),
                            expected_updated_at=expected, clock=clock)
    return _answer(session, caller=caller, product_id=product_id, response=response)


@router.delete("/v1/products/{product_id}", status_code=204, summary="Delete a product")
def delete_product(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, expected: IfMatch
) -> None:
    """Archive a product and take it away; it can be restored. Its slug and SKUs are free for others."""
    products.delete_product(
        session, store_id=caller.store_id, product_id=product_id, expected_updated_at=expected, clock=clock)


@router.post("/v1/products/{product_id}/restore", summary="Restore a deleted product")
def restore_product(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, response: Response,
    body: Restoration | None = None,
) -> Product:
    """Bring a deleted product back as a draft; where its slug or SKU was taken meanwhile, name another one."""
    wanted = body or Restoration()
    products.restore_product(session, store_id=caller.store_id, product_id=product_id, slug=wanted.slug,
                             sku=wanted.sku, clock=clock)
    return _answer(session, caller=caller, product_id=product_id, response=response)


@router.post("/v1/products/{product_id}/publish", summary="Publish a product")
def publish_product(
    caller: Publisher, session: StoreSession, clock: CurrentClock, product_id: UUID, expected: IfMatch,
    response: Response,
) -> Product:
    """Make a product visible to customers; it is published from now on."""
    products.set_status(session, store_id=caller.store_id, product_id=product_id, status="ACTIVE",
                        expected_updated_at=expected, clock=clock)
    return _answer(session, caller=caller, product_id=product_id, response=response)


@router.post("/v1/products/{product_id}/withdraw", summary="Withdraw a product from sale")
def withdraw_product(
    caller: Publisher, session: StoreSession, clock: CurrentClock, product_id: UUID, body: Withdrawal,
    expected: IfMatch, response: Response,
) -> Product:
    """Make a draft of it, or archive it; it is not published any more."""
    products.set_status(session, store_id=caller.store_id, product_id=product_id, status=body.status,
                        expected_updated_at=expected, clock=clock)
    return _answer(session, caller=caller, product_id=product_id, response=response)


def _answer(
    session: Session, *, caller: Caller, product_id: UUID, response: Response, locale: str | None = None
) -> Product:
    view = view_product(session, store_id=caller.store_id, product_id=product_id, locale=locale)
    response.headers["ETag"] = etag_of(view.product.updated_at)
    return product_answer(view)
