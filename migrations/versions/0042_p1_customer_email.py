"""Customers are found by e-mail, deleted ones too: whether an order is somebody's first depends on it."""

from alembic import op

from migrations.steps import index_concurrently

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    index_concurrently("customers_email_idx", "customers (store_id, email)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP INDEX customers_email_idx")
