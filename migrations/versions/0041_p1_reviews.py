"""Reviews are refused by the database, too: a rating outside 1 to 5, and a second live review of one product.

Legacy rows may have both, so no CHECK and no unique index can stand here: they stay, and what is written is looked at.
"""

from alembic import op

from migrations.steps import step

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

# The customer's row is the line in which his writers stand. A statement of a volatile function sees what was committed
# while it waited for the lock.
UP = """
CREATE FUNCTION review_rated() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'a rating is from 1 to 5, not %', NEW.rating
    USING ERRCODE = 'check_violation', CONSTRAINT = 'reviews_rating', TABLE = 'reviews'; END $$;
CREATE FUNCTION review_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM FROM customers WHERE store_id = NEW.store_id AND id = NEW.customer_id FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM reviews WHERE store_id = NEW.store_id AND customer_id = NEW.customer_id
             AND product_id = NEW.product_id AND deleted_at IS NULL AND id <> NEW.id) THEN
    RAISE EXCEPTION 'customer % has reviewed product % already', NEW.customer_id, NEW.product_id
      USING ERRCODE = 'unique_violation', CONSTRAINT = 'reviews_once', TABLE = 'reviews';
  END IF;
  RETURN NEW; END $$;
CREATE TRIGGER rated BEFORE INSERT ON reviews FOR EACH ROW
  WHEN (NEW.rating NOT BETWEEN 1 AND 5) EXECUTE FUNCTION review_rated();
CREATE TRIGGER rated_anew BEFORE UPDATE OF rating ON reviews FOR EACH ROW
  WHEN (NEW.rating NOT BETWEEN 1 AND 5 AND NEW.rating <> OLD.rating) EXECUTE FUNCTION review_rated();
CREATE TRIGGER once BEFORE INSERT ON reviews FOR EACH ROW
  WHEN (NEW.deleted_at IS NULL AND NEW.customer_id IS NOT NULL) EXECUTE FUNCTION review_once();
CREATE TRIGGER once_moved BEFORE UPDATE OF store_id, customer_id, product_id, deleted_at ON reviews FOR EACH ROW
  WHEN (NEW.deleted_at IS NULL AND NEW.customer_id IS NOT NULL AND
        (OLD.deleted_at IS NOT NULL OR (OLD.store_id, OLD.customer_id, OLD.product_id) IS DISTINCT FROM
                                       (NEW.store_id, NEW.customer_id, NEW.product_id)))
  EXECUTE FUNCTION review_once();
"""


def upgrade() -> None:
    step(UP)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TRIGGER rated ON reviews; DROP TRIGGER rated_anew ON reviews;
        DROP TRIGGER once ON reviews; DROP TRIGGER once_moved ON reviews;
        DROP FUNCTION review_rated(), review_once()""")
