"""Permissions: built-in codes and roles for every store, a store's own codes, and a membership's overrides."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

# Each role has what the one before it has, and more.
ROLES = {
    "VIEWER": ("product.read", "inventory.read", "order.read", "customer.read", "analytics.view"),
    "MEMBER": ("product.write", "inventory.adjust", "order.fulfill"),
    "ADMIN": (
        "product.publish", "order.refund", "promo.manage", "discount.create", "webhook.manage", "settings.manage",
        "billing.manage",
    ),
    "OWNER": ("admin.superuser", "integration.manage", "analytics.export"),
}
# Listed by the old taxonomy, mapped to no role there.
UNMAPPED = ("order.write", "customer.write", "customer.segment.manage", "discount.apply")

# store_id NULL is a permission or mapping that comes with the platform: every store reads it, none may write it.
TABLES = """
CREATE TABLE permission (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid REFERENCES stores ON DELETE CASCADE,
  code text NOT NULL CHECK (code ~ '^[a-z_]+([.][a-z_]+)+$'), description text,
  created_at timestamptz NOT NULL DEFAULT now(), UNIQUE NULLS NOT DISTINCT (store_id, code));
CREATE TABLE role_permission (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid REFERENCES stores ON DELETE CASCADE, role role,
  membership_id uuid REFERENCES memberships ON DELETE CASCADE, permission_id uuid NOT NULL
    REFERENCES permission ON DELETE CASCADE, is_granted boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(), CHECK (num_nonnulls(role, membership_id) = 1),
  CHECK (membership_id IS NULL OR store_id IS NOT NULL),
  UNIQUE NULLS NOT DISTINCT (store_id, role, membership_id, permission_id));
CREATE INDEX role_permission_permission_id_idx ON role_permission (permission_id);
CREATE INDEX role_permission_membership_id_idx ON role_permission (membership_id);
CREATE FUNCTION secure_shared_table(target regclass) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY tenant ON %s USING (store_id = (SELECT current_store_id()))
                  WITH CHECK (store_id = (SELECT current_store_id()))', target);
  EXECUTE format('CREATE POLICY built_in ON %s FOR SELECT USING (store_id IS NULL)', target);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO stormcom_app, stormcom_worker', target);
  EXECUTE format('GRANT SELECT ON %s TO stormcom_pipelines', target);
END $$;
SELECT secure_shared_table('permission'), secure_shared_table('role_permission');
-- A permission of another store must not be granted here, nor to a membership of another organization.
CREATE FUNCTION role_permission_same_store() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public, pg_temp AS $$ BEGIN
  IF NOT EXISTS (SELECT FROM permission p WHERE p.id = NEW.permission_id
                 AND (p.store_id IS NULL OR p.store_id = NEW.store_id)) THEN
    RAISE EXCEPTION 'the permission belongs to another store' USING ERRCODE = 'foreign_key_violation',
      CONSTRAINT = 'role_permission_same_store';
  END IF;
  IF NEW.membership_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM memberships m JOIN stores s ON s.organization_id = m.organization_id
    WHERE m.id = NEW.membership_id AND s.id = NEW.store_id) THEN
    RAISE EXCEPTION 'the membership belongs to another organization' USING ERRCODE = 'foreign_key_violation',
      CONSTRAINT = 'role_permission_same_organization';
  END IF;
  RETURN NEW; END $$;
CREATE TRIGGER same_store BEFORE INSERT OR UPDATE ON role_permission
  FOR EACH ROW EXECUTE FUNCTION role_permission_same_store();
"""

# What a user may do in a store: the role's codes, and the membership's overrides, of which a refusal wins.
EFFECTIVE = """
CREATE FUNCTION permissions_of_user(who uuid, store uuid) RETURNS SETOF text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH member AS (
    SELECT m.id, m.role FROM memberships m JOIN stores s ON s.organization_id = m.organization_id
    WHERE m.user_id = who AND s.id = store AND s.deleted_at IS NULL)
  SELECT p.code FROM member m
  JOIN role_permission r ON (r.role = m.role AND (r.store_id IS NULL OR r.store_id = store))
    OR (r.membership_id = m.id AND r.store_id = store)
  JOIN permission p ON p.id = r.permission_id
  GROUP BY p.code
  -- The most specific word counts: the membership's, then the store's for its role, then the built-in one.
  HAVING (array_agg(r.is_granted ORDER BY (r.membership_id IS NOT NULL) DESC, (r.store_id IS NOT NULL) DESC,
                    r.is_granted))[1]
  ORDER BY p.code $$;
REVOKE ALL ON FUNCTION permissions_of_user(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION permissions_of_user(uuid, uuid) TO stormcom_app, stormcom_worker;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TABLES)
    codes = [code for role in ROLES.values() for code in role] + list(UNMAPPED)
    listed = ", ".join(f"('{code}')" for code in codes)
    op.execute(f"INSERT INTO permission (code) VALUES {listed}")
    granted: list[str] = []
    for role, own in ROLES.items():
        granted.extend(own)
        listed = ", ".join(f"'{code}'" for code in granted)
        op.execute(f"""INSERT INTO role_permission (role, permission_id)
                       SELECT '{role}', id FROM permission WHERE code IN ({listed})""")
    op.execute(EFFECTIVE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP FUNCTION permissions_of_user(uuid, uuid); DROP TABLE role_permission, permission;
        DROP FUNCTION role_permission_same_store(), secure_shared_table(regclass)""")
