"""Images of a product: their words, their order."""

from uuid import UUID

from fastapi import APIRouter, Response

from oltp.catalog import images
from oltp.catalog.queries import get_image, get_product, list_product_images
from search_api.catalog.callers import Cursor, Limit, Reader, Writer, read_number
from search_api.catalog.schemas_parts import Image, ImageBody, ImageChanges, ImageOrder, image_answer
from search_api.dependencies import CurrentClock, StoreSession
from search_api.etags import IfMatch, etag_of
from search_api.idempotency import KeyedRoute
from search_api.pages import InvalidCursor, Page, decode_cursor, encode_cursor

router = APIRouter(tags=["catalog"], route_class=KeyedRoute)
_ALL = "/v1/products/{product_id}/images"
_ONE = f"{_ALL}/{{image_id}}"


@router.get(_ALL, summary="List a product's images in their order")
def get_images(
    caller: Reader, session: StoreSession, product_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Image]:
    """Return a page of the product's images."""
    rows = list_product_images(
        session, store_id=caller.store_id, product_id=product_id, after=_read(cursor), limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    more = None if last is None else encode_cursor([str(last.position), str(last.id)])
    return Page[Image](items=[image_answer(row) for row in rows[:limit]], next=more)


@router.post(_ALL, status_code=201, summary="Add an image to a product")
def post_image(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, body: ImageBody
) -> Image:
    """Add an image, at its position or at the end."""
    return image_answer(images.add_image(
        session, store_id=caller.store_id, product_id=product_id, wanted=body.wanted(), clock=clock))


@router.put(f"{_ALL}/order", summary="Put a product's images into an order")
def put_order(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, body: ImageOrder,
    expected: IfMatch, response: Response,
) -> list[Image]:
    """Name each of the product's images once. If-Match is the product's ETag; so is the answer's."""
    rows = images.order_images(session, store_id=caller.store_id, product_id=product_id, image_ids=body.image_ids,
                               expected_updated_at=expected, clock=clock)
    product = get_product(session, store_id=caller.store_id, product_id=product_id)
    response.headers["ETag"] = etag_of(product.updated_at)
    return [image_answer(row) for row in rows]


@router.get(_ONE, summary="Read an image")
def get_one(caller: Reader, session: StoreSession, product_id: UUID, image_id: UUID) -> Image:
    """Return an image of the product."""
    return image_answer(get_image(session, store_id=caller.store_id, product_id=product_id, image_id=image_id))


@router.patch(_ONE, summary="Change an image's words or variant")
def patch_image(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, image_id: UUID, body: ImageChanges
) -> Image:
    """Change its alternative text, or which variant it shows."""
    return image_answer(images.update_image(
        session, store_id=caller.store_id, product_id=product_id, image_id=image_id,
        changes=body.model_dump(exclude_unset=True), clock=clock))


@router.delete(_ONE, status_code=204, summary="Delete an image")
def delete_image(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, image_id: UUID
) -> None:
    """Delete an image; those behind it move up."""
    images.delete_image(session, store_id=caller.store_id, product_id=product_id, image_id=image_id, clock=clock)


def _read(cursor: str | None) -> tuple[int, UUID] | None:
    if cursor is None:
        return None
    position, image_id = decode_cursor(cursor, length=2)
    try:
        return read_number(position), UUID(image_id)
    except ValueError:
        raise InvalidCursor(field="cursor") from None
