"""Subjects: an opaque surrogate for each person, so that no personal key has to enter the lake.

One row per customer, guest contact or visitor; an order without any contact is a subject of its own. Triggers
make the rows, so legacy writers need not know.
"""

from alembic import op

from migrations.steps import batches, step

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SUBJECT = """
CREATE TABLE subject (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  surrogate uuid NOT NULL DEFAULT gen_random_uuid(),
  kind text NOT NULL CHECK (kind IN ('customer', 'guest', 'visitor', 'order')),
  customer_id uuid, contact_hash text, visitor_id text CHECK (length(visitor_id) BETWEEN 1 AND 200),
  order_id uuid, linked_subject_id uuid, linked_at timestamptz, created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (store_id, id), UNIQUE (store_id, surrogate),
  FOREIGN KEY (store_id, customer_id) REFERENCES customers (store_id, id) ON DELETE CASCADE,
  FOREIGN KEY (store_id, linked_subject_id) REFERENCES subject (store_id, id)
    ON DELETE SET NULL (linked_subject_id),
  CHECK (num_nonnulls(customer_id, contact_hash, visitor_id, order_id) = 1),
  CHECK ((CASE kind WHEN 'customer' THEN customer_id::text WHEN 'guest' THEN contact_hash
          WHEN 'visitor' THEN visitor_id ELSE order_id::text END) IS NOT NULL),
  CHECK ((linked_subject_id IS NULL) = (linked_at IS NULL) AND linked_subject_id <> id));
CREATE UNIQUE INDEX subject_customer_key ON subject (store_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE UNIQUE INDEX subject_contact_key ON subject (store_id, contact_hash) WHERE contact_hash IS NOT NULL;
CREATE UNIQUE INDEX subject_visitor_key ON subject (store_id, visitor_id) WHERE visitor_id IS NOT NULL;
CREATE UNIQUE INDEX subject_order_key ON subject (store_id, order_id) WHERE order_id IS NOT NULL;
CREATE INDEX subject_store_id_linked_subject_id_idx ON subject (store_id, linked_subject_id);
SELECT secure_tenant_table('subject'), track_rows('subject', 'surrogate');
"""

# A set-null of the link must clear linked_at too, or the CHECK would refuse the delete.
LINK = """
CREATE FUNCTION subject_unlink() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.linked_subject_id IS NULL THEN NEW.linked_at := NULL; END IF;
  RETURN NEW; END $$;
CREATE TRIGGER a_unlink BEFORE UPDATE ON subject FOR EACH ROW EXECUTE FUNCTION subject_unlink();
"""

FUNCTIONS = """
CREATE FUNCTION contact_hash(store uuid, address text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
  DECLARE fields jsonb; contact text; BEGIN
  fields := address::jsonb;
  contact := coalesce(nullif(lower(trim(fields ->> 'email')), ''),
                      nullif(regexp_replace(fields ->> 'phone', '[^0-9]', '', 'g'), ''));
  RETURN encode(sha256(convert_to(store || ':' || contact, 'UTF8')), 'hex');
  EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN RETURN NULL; END $$;
CREATE FUNCTION subject_of_customer(store uuid, customer uuid) RETURNS uuid LANGUAGE plpgsql AS $$
  DECLARE found_id uuid; BEGIN
  SELECT id INTO found_id FROM subject WHERE store_id = store AND customer_id = customer;
  IF NOT FOUND THEN
    INSERT INTO subject (store_id, kind, customer_id) VALUES (store, 'customer', customer)
      ON CONFLICT (store_id, customer_id) WHERE customer_id IS NOT NULL DO UPDATE SET kind = 'customer'
      RETURNING id INTO found_id;
  END IF;
  RETURN found_id; END $$;
CREATE FUNCTION subject_of_guest(store uuid, order_key uuid, address text) RETURNS uuid LANGUAGE plpgsql AS $$
  DECLARE found_id uuid; hash text := contact_hash(store, address); BEGIN
  IF hash IS NULL THEN
    INSERT INTO subject (store_id, kind, order_id) VALUES (store, 'order', order_key)
      ON CONFLICT (store_id, order_id) WHERE order_id IS NOT NULL DO UPDATE SET kind = 'order'
      RETURNING id INTO found_id;
    RETURN found_id;
  END IF;
  SELECT id INTO found_id FROM subject WHERE store_id = store AND contact_hash = hash;
  IF NOT FOUND THEN
    INSERT INTO subject (store_id, kind, contact_hash) VALUES (store, 'guest', hash)
      ON CONFLICT (store_id, contact_hash) WHERE contact_hash IS NOT NULL DO UPDATE SET kind = 'guest'
      RETURNING id INTO found_id;
  END IF;
  RETURN found_id; END $$;
CREATE FUNCTION customers_subject() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM subject_of_customer(NEW.store_id, NEW.id);
  RETURN NULL; END $$;
CREATE TRIGGER subject AFTER INSERT ON customers FOR EACH ROW EXECUTE FUNCTION customers_subject();
"""

ORDER_KEY = """
ALTER TABLE subject ADD FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id)
  ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""


def upgrade() -> None:
    # The table is new, so its keys have nothing to verify.
    for part in (SUBJECT + LINK, ORDER_KEY, FUNCTIONS):
        step(part)
    batches(
        "subjects of customers",
        "SELECT subject_of_customer(store_id, id) FROM customers WHERE id = ANY(%(ids)s)",
        over="customers",
        where="""NOT EXISTS (SELECT FROM subject s
                             WHERE s.store_id = customers.store_id AND s.customer_id = customers.id)""",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TRIGGER subject ON customers;
        DROP FUNCTION customers_subject(), subject_of_guest(uuid, uuid, text), subject_of_customer(uuid, uuid),
                      contact_hash(uuid, text);
        DROP TABLE subject; DROP FUNCTION subject_unlink();
        DELETE FROM row_tombstone WHERE table_name = 'subject'""")
