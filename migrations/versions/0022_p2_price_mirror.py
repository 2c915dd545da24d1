"""Mirror between the legacy price columns and the rows of product_price."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
