"""What an order of another currency is worth in its store's, frozen when it is placed: metrics are in one currency."""

from alembic import op

from migrations.steps import add_check, step

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

# Rates count through the source's own base. A day without one has the last one before it.
UP = """
ALTER TABLE orders ADD COLUMN reporting_factor numeric(20, 12);
CREATE FUNCTION rate_of(wanted_source text, wanted_base text, wanted_quote text, wanted_on date) RETURNS numeric
  LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN wanted_base = wanted_quote THEN 1 ELSE
    (SELECT rate FROM currency_rate WHERE source = wanted_source AND base = wanted_base AND quote = wanted_quote
       AND rated_on <= wanted_on ORDER BY rated_on DESC LIMIT 1) END $$;
-- Minor units of the store's currency for one minor unit of the order's; NULL where no rate is known.
CREATE FUNCTION reporting_factor(store uuid, order_currency text, placed timestamptz) RETURNS numeric
  LANGUAGE plpgsql STABLE AS $$ DECLARE own text; origin text; through text; factor numeric; BEGIN
  SELECT s.currency, coalesce(c.rate_source, 'ecb') INTO own, origin
    FROM stores s LEFT JOIN selling_settings c ON c.store_id = s.id WHERE s.id = store;
  IF own IS NULL OR own = order_currency THEN RETURN NULL; END IF;
  SELECT base INTO through FROM currency_rate WHERE source = origin AND quote IN (own, order_currency)
    ORDER BY rated_on DESC LIMIT 1;
  factor := rate_of(origin, through, own, placed::date) / nullif(rate_of(origin, through, order_currency,
    placed::date), 0) * power(10::numeric, currency_exponent(own) - currency_exponent(order_currency));
  RETURN CASE WHEN factor < 1e7 THEN round(factor, 12) END; END $$;
CREATE FUNCTION orders_reporting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  NEW.reporting_factor := coalesce(NEW.reporting_factor, reporting_factor(NEW.store_id, NEW.currency,
    coalesce(NEW.placed_at, NEW.created_at, now())));
  RETURN NEW; END $$;
CREATE TRIGGER d_reporting BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION orders_reporting();
"""


def upgrade() -> None:
    step(UP)
    add_check("orders", "orders_reporting_factor_check", "reporting_factor >= 0")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TRIGGER d_reporting ON orders;
        DROP FUNCTION orders_reporting(), reporting_factor(uuid, text, timestamptz), rate_of(text, text, text, date);
        ALTER TABLE orders DROP COLUMN reporting_factor""")
