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


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(LOCKS)
    # New writers do not know the column.
    op.execute("ALTER TABLE products ALTER COLUMN images SET DEFAULT '[]'")
    op.execute(MIRROR)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(DROP_MIRROR)
    op.execute("""
        ALTER TABLE products ALTER COLUMN images DROP DEFAULT;
        DROP FUNCTION lock_variant_briefly(uuid, uuid), lock_product_briefly(uuid, uuid)""")
