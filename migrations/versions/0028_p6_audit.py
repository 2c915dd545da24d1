"""Audit entries learn their request, actor, severity and signature; stores get a secret to sign with.

Legacy programs go on writing `changes` as JSON text and know none of the new columns; their rows carry the defaults
and no signature. An entry outlives its store: the trail of a deleted store is what somebody will ask for.
"""

from alembic import op

from migrations.steps import add_check, index_concurrently, step, track

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE audit_logs ADD COLUMN correlation_id uuid, ADD COLUMN request_id text,
  ADD COLUMN actor_type text NOT NULL DEFAULT 'USER', ADD COLUMN severity text NOT NULL DEFAULT 'info',
  ADD COLUMN signature text;
ALTER TABLE audit_logs DROP CONSTRAINT audit_logs_store_id_fkey;
ALTER TABLE stores ADD COLUMN audit_secret bytea;
-- An entry is a fact. Only deleting a user may change one: it takes the user's id out.
CREATE FUNCTION audit_logs_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL AND to_jsonb(NEW) - 'user_id' = to_jsonb(OLD) - 'user_id' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'audit_logs is append-only' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_logs FOR EACH ROW
  EXECUTE FUNCTION audit_logs_append_only();
REVOKE UPDATE, DELETE, TRUNCATE ON audit_logs FROM stormcom_app, stormcom_worker;
-- A secret is no news: a store that was given one must not be extracted again for it.
DROP TRIGGER z_row_version ON stores;
CREATE TRIGGER z_row_version BEFORE UPDATE ON stores FOR EACH ROW
  WHEN (OLD.audit_secret IS NOT DISTINCT FROM NEW.audit_secret) EXECUTE FUNCTION stamp_row_version();
"""

# Called as the app, row-level security lets both reach the current store only.
SECRET = """
CREATE FUNCTION store_audit_secret(store uuid) RETURNS bytea LANGUAGE sql STABLE AS
  $$ SELECT audit_secret FROM stores WHERE id = store $$;
-- Returns the secret that counts: of several writers the first wins, and the others get the first one's.
CREATE FUNCTION keep_store_audit_secret(store uuid, sealed bytea) RETURNS bytea LANGUAGE plpgsql AS $$ BEGIN
  UPDATE stores SET audit_secret = sealed WHERE id = store AND audit_secret IS NULL;
  RETURN (SELECT audit_secret FROM stores WHERE id = store); END $$;
"""


def upgrade() -> None:
    step(COLUMNS)
    step(SECRET)
    add_check("audit_logs", "audit_logs_actor_type_check", "actor_type IN ('USER', 'SYSTEM', 'JOB')")
    add_check("audit_logs", "audit_logs_severity_check", "severity IN ('info', 'warning', 'critical')")
    track("audit_logs", "id")
    index_concurrently(
        "audit_logs_store_id_entity_type_entity_id_created_at_idx",
        "audit_logs (store_id, entity_type, entity_id, created_at)",
    )
    index_concurrently(
        "audit_logs_store_id_correlation_id_idx",
        "audit_logs (store_id, correlation_id) WHERE correlation_id IS NOT NULL",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP FUNCTION keep_store_audit_secret(uuid, bytea), store_audit_secret(uuid);
        DROP INDEX audit_logs_store_id_correlation_id_idx, audit_logs_store_id_entity_type_entity_id_created_at_idx;
        DROP TRIGGER append_only ON audit_logs; DROP TRIGGER z_row_version ON audit_logs;
        DROP TRIGGER z_tombstone ON audit_logs; DROP FUNCTION audit_logs_append_only();
        DROP TRIGGER z_row_version ON stores;
        CREATE TRIGGER z_row_version BEFORE UPDATE ON stores FOR EACH ROW EXECUTE FUNCTION stamp_row_version();
        ALTER TABLE stores DROP COLUMN audit_secret;
        ALTER TABLE audit_logs DROP COLUMN correlation_id, DROP COLUMN request_id, DROP COLUMN actor_type,
          DROP COLUMN severity, DROP COLUMN signature, DROP COLUMN row_version;
        GRANT UPDATE, DELETE ON audit_logs TO stormcom_app, stormcom_worker;
        DELETE FROM row_tombstone WHERE table_name = 'audit_logs';
        -- Entries of stores that are gone stay: the key binds new rows only.
        ALTER TABLE audit_logs ADD CONSTRAINT audit_logs_store_id_fkey FOREIGN KEY (store_id) REFERENCES stores
          ON DELETE CASCADE ON UPDATE CASCADE NOT VALID""")
