"""Audit entries and analytics events live in monthly partitions, made ahead and detached when the lake holds them."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
