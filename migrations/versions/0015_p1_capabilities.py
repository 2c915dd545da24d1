"""Capabilities: how far each store has moved from the legacy way of doing something to the new one.

No capability of a store stands further than the one before it in the order, so the steps of the plan bind the data
and not the dates of deployments. Triggers and lower rooms read the step; only the room `rollout` moves it.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UP = """
CREATE FUNCTION capability_ordinal(capability text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_position(ARRAY['images', 'pricing', 'inventory', 'promotions', 'rbac', 'events', 'i18n'], capability)
$$;
CREATE FUNCTION step_ordinal(step text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_position(ARRAY['off', 'shadow', 'dual', 'read_new', 'done'], step) - 1 $$;
CREATE TABLE capability_state (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  capability text NOT NULL CHECK (capability_ordinal(capability) IS NOT NULL),
  step text NOT NULL DEFAULT 'off' CHECK (step_ordinal(step) IS NOT NULL),
  changed_at timestamptz NOT NULL DEFAULT now(), checked_at timestamptz,
  divergence_count bigint CHECK (divergence_count >= 0), report jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (store_id, capability));
SELECT secure_tenant_table('capability_state');
REVOKE INSERT, UPDATE, DELETE ON capability_state FROM stormcom_app, stormcom_worker;
-- What a store without a row stands at. The contract replaces it: without legacy columns there is only the new way.
CREATE FUNCTION default_capability_step() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT 'off' $$;
CREATE FUNCTION capability_step(store uuid, wanted text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce((SELECT step FROM capability_state WHERE store_id = store AND capability = wanted),
                  default_capability_step()) $$;
CREATE FUNCTION capability_reached(store uuid, wanted text, needed text) RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT step_ordinal(capability_step(store, wanted)) >= step_ordinal(needed) $$;
-- Two capabilities moved at once would each find the other in place: the store's row makes them wait for each other.
CREATE FUNCTION capability_order() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE wrong text; BEGIN
  PERFORM FROM stores WHERE id = NEW.store_id FOR NO KEY UPDATE;
  SELECT n.name INTO wrong FROM unnest(ARRAY['images', 'pricing', 'inventory', 'promotions', 'rbac', 'events', 'i18n'])
    WITH ORDINALITY n (name, place)
    WHERE CASE WHEN n.place < capability_ordinal(NEW.capability)
                 THEN step_ordinal(capability_step(NEW.store_id, n.name)) < step_ordinal(NEW.step)
               WHEN n.place > capability_ordinal(NEW.capability)
                 THEN step_ordinal(capability_step(NEW.store_id, n.name)) > step_ordinal(NEW.step)
               ELSE false END
    ORDER BY n.place LIMIT 1;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'capability % cannot stand at % while % stands at %', NEW.capability, NEW.step, wrong,
      capability_step(NEW.store_id, wrong) USING ERRCODE = 'check_violation', CONSTRAINT = 'capability_state_order';
  END IF;
  RETURN NEW; END $$;
CREATE TRIGGER a_order BEFORE INSERT OR UPDATE ON capability_state FOR EACH ROW EXECUTE FUNCTION capability_order();
CREATE TABLE feature_flag (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'), is_enabled boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (store_id, name));
SELECT secure_tenant_table('feature_flag');
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(UP)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TABLE feature_flag, capability_state;
        DROP FUNCTION capability_order(), capability_reached(uuid, text, text), capability_step(uuid, text),
                      default_capability_step(), step_ordinal(text), capability_ordinal(text)""")
