"""Mirror between the legacy JSON list of images and the rows of product_image."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
