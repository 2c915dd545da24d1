"""Promotions: rules, codes, and what was applied to an order. Limits and budgets are consumed against a CHECK."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

RULES = """
CREATE TABLE promotion_rule (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200), description text,
  conditions jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(conditions) = 'object'),
  actions jsonb NOT NULL CHECK (jsonb_typeof(actions) IN ('object', 'array')),
  currency text CHECK (currency ~ '^[A-Z]{3}$'), priority integer NOT NULL DEFAULT 100, stack_group text,
  is_stackable boolean NOT NULL DEFAULT true, is_exclusive boolean NOT NULL DEFAULT false,
  is_last boolean NOT NULL DEFAULT false,
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'paused', 'ended')),
  starts_at timestamptz NOT NULL DEFAULT now(), ends_at timestamptz CHECK (ends_at > starts_at),
  usage_limit integer CHECK (usage_limit >= 0), per_customer_limit integer CHECK (per_customer_limit >= 1),
  used_count integer NOT NULL DEFAULT 0 CHECK (used_count >= 0), budget_amount bigint CHECK (budget_amount >= 0),
  spent_amount bigint NOT NULL DEFAULT 0 CHECK (spent_amount >= 0), created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz, UNIQUE (store_id, id),
  CHECK (used_count <= usage_limit), CHECK (spent_amount <= budget_amount),
  CHECK (budget_amount IS NULL OR currency IS NOT NULL), CHECK (NOT (is_exclusive AND is_stackable)));
CREATE INDEX promotion_rule_store_id_status_priority_id_idx ON promotion_rule (store_id, status, priority, id)
  WHERE deleted_at IS NULL;
SELECT secure_tenant_table('promotion_rule');
CREATE TABLE discount_code (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  code text NOT NULL CHECK (code ~ '^[A-Z0-9][A-Z0-9_-]{0,63}$'), promotion_rule_id uuid,
  type discount_type, percent numeric(6, 3) CHECK (percent > 0 AND percent <= 100), amount bigint CHECK (amount > 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'), min_subtotal_amount bigint CHECK (min_subtotal_amount >= 0),
  max_discount_amount bigint CHECK (max_discount_amount > 0), is_active boolean NOT NULL DEFAULT true,
  starts_at timestamptz NOT NULL DEFAULT now(), ends_at timestamptz CHECK (ends_at > starts_at),
  usage_limit integer CHECK (usage_limit >= 0), per_customer_limit integer CHECK (per_customer_limit >= 1),
  used_count integer NOT NULL DEFAULT 0 CHECK (used_count >= 0), created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz, UNIQUE (store_id, id),
  CHECK (used_count <= usage_limit), CHECK (num_nonnulls(promotion_rule_id, type) = 1),
  CHECK ((type = 'PERCENTAGE') IS TRUE = (percent IS NOT NULL)),
  CHECK ((type = 'FIXED') IS TRUE = (amount IS NOT NULL)),
  CHECK (num_nonnulls(amount, min_subtotal_amount, max_discount_amount) = 0 OR currency IS NOT NULL),
  FOREIGN KEY (store_id, promotion_rule_id) REFERENCES promotion_rule (store_id, id) ON DELETE CASCADE);
CREATE UNIQUE INDEX discount_code_live_code_key ON discount_code (store_id, code) WHERE deleted_at IS NULL;
CREATE INDEX discount_code_store_id_promotion_rule_id_idx ON discount_code (store_id, promotion_rule_id);
SELECT secure_tenant_table('discount_code');
CREATE TABLE applied_promotion (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, order_id uuid NOT NULL, ordinal integer NOT NULL
    CHECK (ordinal >= 1), promotion_rule_id uuid, discount_code_id uuid, order_item_id uuid,
  target text NOT NULL CHECK (target IN ('line', 'order', 'shipping')), code text, name text NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0), currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  snapshot jsonb NOT NULL DEFAULT '{}', applied_at timestamptz NOT NULL DEFAULT now(), released_at timestamptz,
  UNIQUE (store_id, id), UNIQUE (store_id, order_id, ordinal), CHECK ((target = 'line') = (order_item_id IS NOT NULL)),
  FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, order_id, order_item_id) REFERENCES order_items (store_id, order_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, promotion_rule_id) REFERENCES promotion_rule (store_id, id)
    ON DELETE SET NULL (promotion_rule_id),
  FOREIGN KEY (store_id, discount_code_id) REFERENCES discount_code (store_id, id)
    ON DELETE SET NULL (discount_code_id));
CREATE INDEX applied_promotion_store_id_order_id_order_item_id_idx
  ON applied_promotion (store_id, order_id, order_item_id);
CREATE INDEX applied_promotion_store_id_promotion_rule_id_idx ON applied_promotion (store_id, promotion_rule_id);
CREATE INDEX applied_promotion_store_id_discount_code_id_idx ON applied_promotion (store_id, discount_code_id);
SELECT secure_tenant_table('applied_promotion');
"""

# Orders that say how much was taken off, but not by which rule, are given one row that says so. At commit, because
# a checkout that knows its promotions writes them after the order. The trigger's order may be gone again by then.
LEGACY = """
CREATE FUNCTION apply_legacy_discount(wanted_store uuid, wanted_order uuid) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE o orders; applied bigint; BEGIN
  SELECT * INTO o FROM orders WHERE store_id = wanted_store AND id = wanted_order;
  IF NOT FOUND THEN RETURN false; END IF;
  SELECT sum(amount) INTO applied FROM applied_promotion
    WHERE store_id = wanted_store AND order_id = wanted_order AND released_at IS NULL;
  IF coalesce(applied, 0) = greatest(o.order_discount_amount, 0) THEN RETURN false; END IF;
  IF applied IS NULL THEN
    INSERT INTO applied_promotion (store_id, order_id, ordinal, target, code, name, amount, currency, snapshot)
      SELECT wanted_store, wanted_order, coalesce(max(ordinal), 0) + 1, 'order', o.discount_code,
             coalesce(nullif(o.discount_code, ''), 'Discount'), o.order_discount_amount, o.currency,
             '{"source": "legacy"}'
      FROM applied_promotion WHERE store_id = wanted_store AND order_id = wanted_order;
    RETURN true;
  END IF;
  UPDATE applied_promotion SET amount = greatest(o.order_discount_amount, 0), code = o.discount_code
    WHERE store_id = wanted_store AND order_id = wanted_order AND released_at IS NULL
      AND snapshot = '{"source": "legacy"}';
  RETURN FOUND; END $$;
CREATE FUNCTION orders_legacy_discount() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF capability_reached(NEW.store_id, 'promotions', 'shadow') THEN
    PERFORM apply_legacy_discount(NEW.store_id, NEW.id);
  END IF;
  RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER legacy_discount AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.order_discount_amount > 0) EXECUTE FUNCTION orders_legacy_discount();
CREATE CONSTRAINT TRIGGER legacy_discount_moved AFTER UPDATE ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.order_discount_amount <> OLD.order_discount_amount) EXECUTE FUNCTION orders_legacy_discount();
-- An order that somebody holds is his: both would give it its row, and he would see the error. If his change left the
-- discount alone, the next pass brings the order in.
CREATE FUNCTION backfill_promotions(store uuid, after uuid, size integer)
  RETURNS TABLE (last_id uuid, row_count integer, report jsonb) LANGUAGE sql AS $$
  WITH batch AS MATERIALIZED (
    SELECT id, order_discount_amount AS discount FROM orders
    WHERE store_id = store AND (after IS NULL OR id > after) ORDER BY id LIMIT size FOR NO KEY UPDATE SKIP LOCKED),
  done AS MATERIALIZED (
    SELECT b.id, b.discount, CASE WHEN b.discount > 0 THEN apply_legacy_discount(store, b.id) END AS is_new
    FROM batch b)
  SELECT (SELECT id FROM done ORDER BY id DESC LIMIT 1), count(*)::integer,
         jsonb_build_object('applied', count(*) FILTER (WHERE is_new),
                            'negative', count(*) FILTER (WHERE discount < 0)) FROM done $$;
CREATE FUNCTION divergences_promotions(store uuid)
  RETURNS TABLE (entity_id uuid, kind text, detail jsonb) LANGUAGE sql STABLE AS $$
  SELECT o.id, 'discount', jsonb_build_object('order', o.order_discount_amount, 'applied', coalesce(a.amount, 0))
  FROM orders o LEFT JOIN (
    SELECT order_id, sum(amount) AS amount FROM applied_promotion
    WHERE store_id = store AND released_at IS NULL GROUP BY 1) a ON a.order_id = o.id
  WHERE o.store_id = store AND greatest(o.order_discount_amount, 0) <> coalesce(a.amount, 0) $$;
REVOKE ALL ON FUNCTION backfill_promotions(uuid, uuid, integer), divergences_promotions(uuid) FROM PUBLIC;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(RULES)
    op.execute(LEGACY)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TRIGGER legacy_discount ON orders; DROP TRIGGER legacy_discount_moved ON orders;
        DROP FUNCTION divergences_promotions(uuid), backfill_promotions(uuid, uuid, integer),
                      orders_legacy_discount(), apply_legacy_discount(uuid, uuid);
        DROP TABLE applied_promotion, discount_code, promotion_rule""")
