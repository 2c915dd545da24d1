"""Tax rates by country and region, and the class that decides which of them a product pays."""

from alembic import op

from migrations.steps import step

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE tax_rate (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200), country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  region text CHECK (length(region) BETWEEN 1 AND 100),
  tax_class text NOT NULL DEFAULT 'standard' CHECK (tax_class ~ '^[a-z][a-z0-9_]{0,62}$'),
  rate numeric(9, 6) NOT NULL CHECK (rate BETWEEN 0 AND 1), is_on_shipping boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id),
  UNIQUE NULLS NOT DISTINCT (store_id, country, region, tax_class));
SELECT secure_tenant_table('tax_rate');
"""


def upgrade() -> None:
    step(UP)
    step("ALTER TABLE products ADD COLUMN tax_class text NOT NULL DEFAULT 'standard'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE products DROP COLUMN tax_class; DROP TABLE tax_rate")
