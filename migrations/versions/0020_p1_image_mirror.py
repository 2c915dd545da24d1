"""Mirror between the legacy JSON list of images and the rows of product_image.

What reads or writes the legacy column stands in `migrations.image_mirror`, because the contract drops it and brings
it back. The two locks stay: the mirror of prices uses them too.
"""

from alembic import op

from migrations.brief_locks import brief_lock
from migrations.image_mirror import DROP_MIRROR, MIRROR

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# A batch holds many products. A writer that holds one of them may wait for another: whoever works in batches gives up
# before deadlock_timeout (1 s), so that no writer ever pays for it, and comes back later.
LOCKS = "\n" + "".join((
    brief_lock("lock_product_briefly", table="products", argument="product", patience="200ms"),
    brief_lock("lock_variant_briefly", table="product_variants", argument="variant", patience="200ms"),
))

# Programs and the mirror set a product's images by this. A row whose URL stays keeps its id and alternative text; the
# nth of equal URLs is the nth. The caller holds the product's row.
ROWS = """
CREATE FUNCTION set_image_rows(store uuid, product uuid, urls text[]) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  MERGE INTO product_image t USING (
    SELECT coalesce(h.id, uuidv7()) AS id, w.url, w.place FROM (
      SELECT u.url, u.place, row_number() OVER (PARTITION BY u.url ORDER BY u.place) AS nth
      FROM unnest(urls) WITH ORDINALITY u (url, place)) w
    FULL JOIN (SELECT i.id, i.url, row_number() OVER (PARTITION BY i.url ORDER BY i.position, i.id) AS nth
               FROM product_image i WHERE i.store_id = store AND i.product_id = product) h USING (url, nth)) s
    ON t.store_id = store AND t.product_id = product AND t.id = s.id
  WHEN MATCHED AND s.place IS NULL THEN DELETE
  WHEN MATCHED AND t.position <> s.place - 1 THEN UPDATE SET position = s.place - 1, updated_at = now()
  WHEN MATCHED THEN DO NOTHING
  WHEN NOT MATCHED THEN INSERT (id, store_id, product_id, url, position)
    VALUES (s.id, store, product, s.url, s.place - 1); END $$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(LOCKS)
    op.execute(ROWS)
    # New writers do not know the column.
    op.execute("ALTER TABLE products ALTER COLUMN images SET DEFAULT '[]'")
    op.execute(MIRROR)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(DROP_MIRROR)
    op.execute("""
        ALTER TABLE products ALTER COLUMN images DROP DEFAULT;
        DROP FUNCTION set_image_rows(uuid, uuid, text[]), lock_variant_briefly(uuid, uuid),
                      lock_product_briefly(uuid, uuid)""")
