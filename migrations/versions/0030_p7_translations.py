"""Translations of products, categories and brands: one row per locale, slugs unique per store and locale.

A deleted product's slugs are free again in every locale, and come back with it if they are still free.
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TRANSLATED = (("product", "products"), ("category", "categories"), ("brand", "brands"))

def table(noun: str, parent: str) -> str:
    short = "short_description text, " if noun == "product" else ""
    return f"""
CREATE TABLE {noun}_translation (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, {noun}_id uuid NOT NULL,
  locale text NOT NULL CHECK (locale ~ '^[a-z]{{2,3}}(-[A-Z][a-z]{{3}})?(-([A-Z]{{2}}|[0-9]{{3}}))?$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  slug text NOT NULL CHECK (slug !~ '[[:space:][:upper:]/?#]' AND length(slug) BETWEEN 1 AND 255),
  description text, {short}meta_title text, meta_description text, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz, UNIQUE (store_id, id),
  UNIQUE (store_id, {noun}_id, locale),
  FOREIGN KEY (store_id, {noun}_id) REFERENCES {parent} (store_id, id) ON DELETE CASCADE);
CREATE UNIQUE INDEX {noun}_translation_live_slug_key ON {noun}_translation (store_id, locale, slug)
  WHERE deleted_at IS NULL;
SELECT secure_tenant_table('{noun}_translation');
CREATE TRIGGER y_translations AFTER UPDATE OF deleted_at ON {parent} FOR EACH ROW
  WHEN (OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
  EXECUTE FUNCTION follow_deletion('{noun}_translation', '{noun}_id');
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    for noun, parent in TRANSLATED:
        op.execute(table(noun, parent))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for noun, parent in TRANSLATED:
        op.execute(f"DROP TRIGGER y_translations ON {parent}; DROP TABLE {noun}_translation")
