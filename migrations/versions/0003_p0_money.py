"""Money: minor units and a currency beside each legacy float, kept equal in both directions.

The bigint leads. A program that writes the float gets its amount rounded half away from zero to the currency's
minor unit; a program that writes the amount gets the float derived from it.
"""

from alembic import op

from migrations.steps import add_check, batches, set_not_null, step

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# (legacy float, amount). Five legacy names already end in _amount, so the new ones say whose amount it is.
MONEY = {
    "products": (
        ("price", "price_amount"),
        ("compare_at_price", "compare_at_amount"),
        ("cost_price", "cost_amount"),
    ),
    "product_variants": (("price", "price_amount"), ("compare_at_price", "compare_at_amount")),
    "orders": (
        ("subtotal", "order_subtotal_amount"),
        ("discount_amount", "order_discount_amount"),
        ("shipping_amount", "order_shipping_amount"),
        ("tax_amount", "order_tax_amount"),
        ("total_amount", "order_total_amount"),
    ),
    "order_items": (
        ("price", "unit_price_amount"),
        ("subtotal", "line_subtotal_amount"),
        ("discount_amount", "line_discount_amount"),
        ("tax_amount", "line_tax_amount"),
        ("total_amount", "line_total_amount"),
    ),
    "customers": (("total_spent", "total_spent_amount"), ("average_order_value", "average_order_amount")),
}
NULLABLE = {
    ("products", "compare_at_amount"),
    ("products", "cost_amount"),
    ("product_variants", "price_amount"),
    ("product_variants", "compare_at_amount"),
}
# A legacy float with default 0 arrives as 0 from a writer that only states the amount.

FUNCTIONS = """
CREATE FUNCTION currency_exponent(code text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN code IN ('BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','UYI','VND','VUV','XAF',
                  'XOF','XPF') THEN 0
    WHEN code IN ('BHD','IQD','JOD','KWD','LYD','OMR','TND') THEN 3
    WHEN code IN ('CLF','UYW') THEN 4 ELSE 2 END $$;
CREATE FUNCTION minor_from_float(value double precision, code text) RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT round(value::numeric * power(10::numeric, currency_exponent(code)))::bigint $$;
-- One division of two exact doubles is correctly rounded: the float nearest to the decimal amount.
CREATE FUNCTION float_from_minor(amount bigint, code text) RETURNS double precision
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT amount::double precision / CASE currency_exponent(code)
    WHEN 0 THEN 1.0::double precision WHEN 2 THEN 100.0 WHEN 3 THEN 1000.0 ELSE 10000.0 END $$;
"""


def pair_body(legacy: str, amount: str) -> str:
    """PL/pgSQL that keeps one legacy float and its amount equal; the amount wins when both moved."""
    return f"""
  IF TG_OP = 'INSERT' THEN
    IF NEW.{amount} IS NOT NULL THEN NEW.{legacy} := float_from_minor(NEW.{amount}, NEW.currency);
    ELSE NEW.{amount} := minor_from_float(NEW.{legacy}, NEW.currency); END IF;
  ELSIF NEW.{amount} IS DISTINCT FROM OLD.{amount} THEN
    NEW.{legacy} := float_from_minor(NEW.{amount}, NEW.currency);
  ELSIF NEW.{legacy} IS DISTINCT FROM OLD.{legacy} OR NEW.currency IS DISTINCT FROM OLD.currency THEN
    NEW.{amount} := minor_from_float(NEW.{legacy}, NEW.currency);
  END IF;"""


def trigger(table: str) -> str:
    body = "".join(pair_body(legacy, amount) for legacy, amount in MONEY[table])
    return f"""
        CREATE FUNCTION {table}_money() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW.currency IS NULL THEN
            SELECT currency INTO NEW.currency FROM stores WHERE id = NEW.store_id;
          END IF;{body}
          RETURN NEW; END $$;
        CREATE TRIGGER b_money BEFORE INSERT OR UPDATE ON {table}
          FOR EACH ROW EXECUTE FUNCTION {table}_money()"""


def upgrade() -> None:
    step(FUNCTIONS)
    for table, pairs in MONEY.items():
        columns = ", ".join(f"ADD COLUMN {amount} bigint" for _, amount in pairs)
        step(f"ALTER TABLE {table} ADD COLUMN currency text, {columns};{trigger(table)}")
    for table, pairs in MONEY.items():
        # The trigger fills a currency that is missing, and for it the amounts. Amounts given here would lead and
        # round the floats.
        batches(
            f"{table}: amounts",
            f"UPDATE {table} SET currency = NULL WHERE currency IS NULL AND id = ANY(%(ids)s)",
            over=table,
            where="currency IS NULL",
        )
        required = [amount for _, amount in pairs if (table, amount) not in NULLABLE]
        set_not_null(table, "currency", *required)
        add_check(table, f"{table}_currency_check", "currency ~ '^[A-Z]{3}$'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, pairs in MONEY.items():
        columns = ", ".join(f"DROP COLUMN {amount}" for _, amount in pairs)
        op.execute(f"""
            DROP TRIGGER b_money ON {table}; DROP FUNCTION {table}_money();
            ALTER TABLE {table} DROP COLUMN currency, {columns}""")
    op.execute("""DROP FUNCTION minor_from_float(double precision, text), float_from_minor(bigint, text),
                  currency_exponent(text)""")
