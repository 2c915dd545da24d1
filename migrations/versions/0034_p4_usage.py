"""How often a person has used a promotion, bounded by a CHECK; and what a discount was before tax left it."""

from alembic import op

from migrations.steps import add_check, step

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

# usage_limit repeats the rule's or code's per_customer_limit, so that one row can refuse one use too many.
UP = """
CREATE TABLE promotion_usage (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL, subject_id uuid NOT NULL, promotion_rule_id uuid,
  discount_code_id uuid, used_count integer NOT NULL DEFAULT 0, usage_limit integer CHECK (usage_limit >= 0),
  updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (store_id, id),
  UNIQUE NULLS NOT DISTINCT (store_id, subject_id, promotion_rule_id, discount_code_id),
  CHECK (num_nonnulls(promotion_rule_id, discount_code_id) = 1), CHECK (used_count BETWEEN 0 AND usage_limit),
  CONSTRAINT promotion_usage_used_count_check CHECK (used_count >= 0),
  FOREIGN KEY (store_id, subject_id) REFERENCES subject (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, promotion_rule_id) REFERENCES promotion_rule (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, discount_code_id) REFERENCES discount_code (store_id, id) ON DELETE CASCADE);
CREATE INDEX promotion_usage_store_id_promotion_rule_id_idx ON promotion_usage (store_id, promotion_rule_id);
CREATE INDEX promotion_usage_store_id_discount_code_id_idx ON promotion_usage (store_id, discount_code_id);
SELECT secure_tenant_table('promotion_usage');
"""

# What a store's orders and their promotions say differently, as 0025 made it. A discount on shipping is no part of
# order_discount_amount.
DIVERGENCES = """
CREATE OR REPLACE FUNCTION divergences_promotions(store uuid)
  RETURNS TABLE (entity_id uuid, kind text, detail jsonb) LANGUAGE sql STABLE AS $$
  SELECT o.id, 'discount', jsonb_build_object('order', o.order_discount_amount, 'applied', coalesce(a.amount, 0))
  FROM orders o LEFT JOIN (
    SELECT order_id, sum(amount) AS amount FROM applied_promotion
    WHERE store_id = store AND released_at IS NULL{only} GROUP BY 1) a ON a.order_id = o.id
  WHERE o.store_id = store AND greatest(o.order_discount_amount, 0) <> coalesce(a.amount, 0) $$"""


def upgrade() -> None:
    step(UP)
    step(DIVERGENCES.format(only=" AND target <> 'shipping'"))
    # amount is what lowers the order's net; gross_amount what the customer saw, and what a budget counts.
    step("ALTER TABLE applied_promotion ADD COLUMN gross_amount bigint")
    add_check("applied_promotion", "applied_promotion_gross_amount_check", "gross_amount >= amount")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(DIVERGENCES.format(only=""))
    op.execute("ALTER TABLE applied_promotion DROP COLUMN gross_amount; DROP TABLE promotion_usage")
