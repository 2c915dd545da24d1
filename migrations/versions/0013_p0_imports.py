"""Imports: a run per file, and its prepared batches until the one transaction that makes them visible."""

from alembic import op

from migrations.steps import step

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE import_run (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  source text NOT NULL, file_name text NOT NULL, file_hash text NOT NULL,
  status text NOT NULL CHECK (status IN ('staging', 'complete')), report jsonb NOT NULL DEFAULT '{}',
  started_at timestamptz NOT NULL DEFAULT now(), completed_at timestamptz,
  UNIQUE (store_id, id), UNIQUE (store_id, source, file_hash),
  CHECK ((status = 'complete') = (completed_at IS NOT NULL)));
SELECT secure_tenant_table('import_run');
CREATE TABLE import_batch (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE, run_id uuid NOT NULL, entity text NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal >= 0), row_count integer NOT NULL CHECK (row_count > 0),
  payload bytea NOT NULL, PRIMARY KEY (store_id, run_id, entity, ordinal),
  FOREIGN KEY (store_id, run_id) REFERENCES import_run (store_id, id) ON DELETE CASCADE);
SELECT secure_tenant_table('import_batch');
"""


def upgrade() -> None:
    step(UP)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE import_batch, import_run")
