"""Mirror between the list prices of products and variants and the rows of product_price.

`migrations.price_sync` reads no legacy float and stays. The backfill and its report do, so the contract drops
`migrations.price_backfill` and its downgrade brings it back.
"""

from alembic import op

from migrations.price_backfill import BACKFILL, DROP_BACKFILL
from migrations.price_sync import DROP_SYNC, SYNC

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(SYNC)
    op.execute(BACKFILL)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(DROP_BACKFILL)
    op.execute(DROP_SYNC)
