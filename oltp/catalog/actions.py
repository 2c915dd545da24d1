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
    session.execute(text("""
        MERGE INTO product_image t USING (
          SELECT coalesce(h.id, uuidv7()) AS id, w.url, w.place FROM (
            SELECT u.url, u.place, row_number() OVER (PARTITION BY u.url ORDER BY u.place) AS nth
            FROM unnest(CAST(:urls AS text[])) WITH ORDINALITY u (url, place)) w
          FULL JOIN (SELECT i.id, i.url, row_number() OVER (PARTITION BY i.url ORDER BY i.position, i.id) AS nth
                     FROM product_image i WHERE i.store_id = :store AND i.product_id = :product) h
            USING (url, nth)) s
          ON t.store_id = :store AND t.product_id = :product AND t.id = s.id
        WHEN MATCHED AND s.place IS NULL THEN DELETE
        WHEN MATCHED AND t.position <> s.place - 1 THEN UPDATE SET position = s.place - 1, updated_at = now()
        WHEN MATCHED THEN DO NOTHING
        WHEN NOT MATCHED THEN INSERT (id, store_id, product_id, url, position)
          VALUES (s.id, :store, :product, s.url, s.place - 1)"""),
        {"store": store_id, "product": product_id, "urls": list(urls)})
    session.expire_all()
