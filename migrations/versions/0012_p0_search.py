"""Search: vectors apart from text, by shard, and one document per product and locale.

An update of a price must not re-insert a vector, so text and filters live in their own table. Small stores share
eight hash shards without an approximate index: they are scanned exactly.
"""

from alembic import op

from migrations.steps import step

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SHARDS = 8

SHARDING = """
CREATE TABLE embedding_model (
  id text PRIMARY KEY, name text NOT NULL, dimensions integer NOT NULL CHECK (dimensions BETWEEN 1 AND 4000),
  template_version integer NOT NULL,
  status text NOT NULL CHECK (status IN ('building', 'active', 'retired')),
  created_at timestamptz NOT NULL DEFAULT now());
GRANT SELECT ON embedding_model TO stormcom_app, stormcom_worker, stormcom_pipelines;
GRANT INSERT, UPDATE ON embedding_model TO stormcom_pipelines;
CREATE TABLE store_shard (
  store_id uuid PRIMARY KEY REFERENCES stores ON DELETE CASCADE, shard smallint NOT NULL CHECK (shard >= 0),
  active_model_id text REFERENCES embedding_model, UNIQUE (store_id, shard));
CREATE INDEX store_shard_active_model_id_idx ON store_shard (active_model_id);
SELECT secure_tenant_table('store_shard');
GRANT INSERT, UPDATE ON store_shard TO stormcom_pipelines;
CREATE FUNCTION stores_shard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO store_shard (store_id, shard) VALUES (NEW.id, (hashtext(NEW.id::text) & 7)::smallint)
    ON CONFLICT DO NOTHING;
  RETURN NULL; END $$;
CREATE TRIGGER shard AFTER INSERT ON stores FOR EACH ROW EXECUTE FUNCTION stores_shard();
INSERT INTO store_shard (store_id, shard) SELECT id, (hashtext(id::text) & 7)::smallint FROM stores;
"""

VECTORS = """
CREATE TABLE product_embedding (
  shard smallint NOT NULL, store_id uuid NOT NULL, model_id text NOT NULL REFERENCES embedding_model,
  locale text NOT NULL, product_id uuid NOT NULL, content_hash text NOT NULL, dimensions integer NOT NULL,
  embedding halfvec NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (shard, store_id, model_id, locale, product_id), CHECK (vector_dims(embedding) = dimensions),
  FOREIGN KEY (store_id, shard) REFERENCES store_shard (store_id, shard) ON DELETE CASCADE,
  FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE
) PARTITION BY LIST (shard);
CREATE INDEX product_embedding_store_id_product_id_idx ON product_embedding (store_id, product_id);
SELECT secure_tenant_table('product_embedding');
GRANT INSERT, UPDATE, DELETE ON product_embedding TO stormcom_pipelines;
"""

DOCUMENTS = """
CREATE TABLE product_search_document (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE, product_id uuid NOT NULL, locale text NOT NULL,
  title text NOT NULL, brand text NOT NULL DEFAULT '', category_path text NOT NULL DEFAULT '',
  keywords text NOT NULL DEFAULT '', body text NOT NULL DEFAULT '', sku text NOT NULL, document tsvector NOT NULL,
  content_hash text NOT NULL, is_available boolean NOT NULL, price_amount bigint NOT NULL, currency text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (store_id, product_id, locale),
  FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE);
CREATE INDEX product_search_document_document_idx ON product_search_document USING gin (document);
CREATE INDEX product_search_document_title_idx ON product_search_document USING gin (title gin_trgm_ops);
SELECT secure_tenant_table('product_search_document');
GRANT INSERT, UPDATE, DELETE ON product_search_document TO stormcom_pipelines;
"""


def upgrade() -> None:
    for part in (SHARDING, VECTORS, DOCUMENTS):
        step(part)
    for shard in range(SHARDS):
        step(f"""
            CREATE TABLE product_embedding_{shard} PARTITION OF product_embedding FOR VALUES IN ({shard});
            ALTER TABLE product_embedding_{shard} ENABLE ROW LEVEL SECURITY;
            ALTER TABLE product_embedding_{shard} FORCE ROW LEVEL SECURITY""")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TABLE product_search_document, product_embedding;
        DROP TRIGGER shard ON stores; DROP FUNCTION stores_shard();
        DROP TABLE store_shard, embedding_model""")
