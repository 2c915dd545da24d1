"""Access: API tokens, and the only functions that may run before a tenant is known.

Each is SECURITY DEFINER, owned by the owner role, answers exactly one question and returns nothing else.
"""

from alembic import op

from migrations.steps import step

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE api_token (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  token_hash text NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
  scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
  created_by_user_id uuid REFERENCES users ON DELETE SET NULL, created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz, UNIQUE (store_id, id));
CREATE INDEX api_token_store_id_created_at_idx ON api_token (store_id, created_at);
SELECT secure_tenant_table('api_token');
"""

FUNCTIONS = """
CREATE FUNCTION find_token(hash text) RETURNS TABLE (token_id uuid, store_id uuid, scopes text[])
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id, t.store_id, t.scopes FROM api_token t JOIN stores s ON s.id = t.store_id
  WHERE t.token_hash = hash AND t.revoked_at IS NULL AND s.deleted_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > now()) $$;
CREATE FUNCTION find_session_user(hash text) RETURNS uuid
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT user_id FROM sessions WHERE session_token = hash AND expires > now() $$;
CREATE FUNCTION stores_of_user(who uuid)
  RETURNS TABLE (store_id uuid, name text, slug text, currency text, timezone text, role role)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.id, s.name, s.slug, s.currency, s.timezone, m.role
  FROM memberships m JOIN stores s ON s.organization_id = m.organization_id
  WHERE m.user_id = who AND s.deleted_at IS NULL ORDER BY s.name, s.id $$;
CREATE FUNCTION redeem_sign_in(hash text, session_hash text, session_expires timestamptz) RETURNS uuid
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DECLARE who uuid; BEGIN
  DELETE FROM verification_tokens v USING users u
    WHERE v.token = hash AND v.expires > now() AND u.email = v.identifier RETURNING u.id INTO who;
  IF who IS NOT NULL THEN
    INSERT INTO sessions (session_token, user_id, expires) VALUES (session_hash, who, session_expires);
  END IF;
  RETURN who; END $$;
CREATE FUNCTION end_session(hash text) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM sessions WHERE session_token = hash $$;
CREATE FUNCTION store_by_slug(wanted text) RETURNS uuid
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id FROM stores WHERE slug = wanted AND deleted_at IS NULL $$;
"""

SIGNATURES = (
    "find_token(text)",
    "find_session_user(text)",
    "stores_of_user(uuid)",
    "redeem_sign_in(text, text, timestamptz)",
    "end_session(text)",
    "store_by_slug(text)",
)


def upgrade() -> None:
    step(TABLES)
    step(FUNCTIONS)
    # Readiness compares the schema's revision with the one the program was built for.
    step("GRANT SELECT ON alembic_version TO stormcom_app")
    for signature in SIGNATURES:
        step(f"""REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;
                 GRANT EXECUTE ON FUNCTION {signature} TO stormcom_app, stormcom_worker""")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for signature in SIGNATURES:
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("REVOKE SELECT ON alembic_version FROM stormcom_app; DROP TABLE api_token")
