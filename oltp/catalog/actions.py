"""Writes of the catalog."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.catalog.errors import ImageUrlInvalid, ProductUnknown
from oltp.db.locking import lock_products

LONGEST_URL = 4000


def set_product_images(session: Session, *, store_id: UUID, product_id: UUID, urls: Sequence[str]) -> None:
    """Make `urls` the product's images, in this order. An image whose URL stays keeps its id and alternative text.

    Errors: ImageUrlInvalid, ProductUnknown.
    """
    for place, url in enumerate(urls):
        if not 1 <= len(url) <= LONGEST_URL or url != url.strip() or "\x00" in url:
            raise ImageUrlInvalid(field=f"images[{place}]", longest=LONGEST_URL)
    if not lock_products(session, store_id=store_id, product_ids=[product_id]):
        raise ProductUnknown(product_id=product_id, field="product_id")
    session.execute(
        text("SELECT set_image_rows(:store, :product, CAST(:urls AS text[]))"),
        {"store": store_id, "product": product_id, "urls": list(urls)},
    )
    session.expire_all()
