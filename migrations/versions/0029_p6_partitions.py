"""Audit entries and analytics events live in monthly partitions, made ahead and detached when the lake holds them.

`audit_logs` changes hands in one short transaction: everything that reads rows is done before it. What the table holds
becomes the first partition as it is; it reaches beyond the next month's end, so that no writer meets an edge while the
revision runs, however long that takes. An empty table gives way to monthly partitions.

The primary key (id) becomes (id, created_at): Postgres needs the month in it. An id is unique within its moment.
"""

from alembic import op
from sqlalchemy import text

from migrations.steps import index_concurrently, step

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# What the lake's raw tables hold of each row, in their order, and how each column is written: as text, or as
# microseconds since 1970. A new raw column needs a new revision of this function.
HASHED = {
    "analytics_event": (
        "occurred_at",
        "LEFT JOIN subject s ON s.store_id = t.store_id AND s.id = t.subject_id",
        "t.store_id t.event_id @t.occurred_at @t.corrected_at @t.received_at t.name t.version s.surrogate t.is_bot "
        "t.product_id t.order_id t.utm_source t.utm_medium t.utm_campaign t.click_id_kind t.referrer_host t.country "
        "t.ingest_batch_id t.row_version",
    ),
    "audit_logs": (
        "created_at",
        "",
        "t.store_id t.id t.action t.entity_type t.entity_id t.actor_type t.severity t.correlation_id @t.created_at "
        "t.row_version",
    ),
}


def written(columns: str) -> str:
    """Each value as its length in bytes and its text, NULL as a dash: no two different rows are written alike."""
    values = [
        f"(extract(epoch FROM {name[1:]}) * 1000000)::bigint::text" if name[0] == "@" else f"{name}::text"
        for name in columns.split()
    ]
    return " || ".join(f"coalesce(octet_length({value}) || ':' || {value}, '-')" for value in values)


def digest(parent: str) -> str:
    """Statement that counts a partition (%I) and adds up its rows' digests; the order of rows does not matter."""
    _, join, columns = HASHED[parent]
    return f"""
      SELECT count(*), coalesce(sum(('x' || substr(md5({written(columns)}), 1, 15))::bit(60)::bigint), 0)
      FROM %I t {join}"""


FUNCTIONS = f"""
CREATE SCHEMA archive;
CREATE FUNCTION month_partitions(parent regclass)
  RETURNS TABLE (name text, from_at timestamptz, to_at timestamptz) LANGUAGE sql STABLE AS $$
  SELECT c.relname::text, (b.edges)[1]::timestamptz, (b.edges)[2]::timestamptz
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid,
       regexp_match(pg_get_expr(c.relpartbound, c.oid), $r$FROM \\('([^']+)'\\) TO \\('([^']+)'\\)$r$) AS b (edges)
  WHERE i.inhparent = parent $$;
-- Partitions get no grant: reached directly they would bypass the parent's row-level security. A month is attached,
-- not made in place, because that stops no writer of other months.
CREATE FUNCTION ensure_month_partitions(parent regclass, from_on date, to_on date) RETURNS integer LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
  DECLARE month timestamptz := date_trunc('month', from_on)::timestamptz; upper timestamptz; partition text;
    made integer := 0; BEGIN
  IF parent::text NOT IN ('analytics_event', 'audit_logs') THEN
    RAISE EXCEPTION '% is not partitioned by month', parent USING ERRCODE = 'wrong_object_type';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext(parent::text || ' partitions'));
  WHILE month <= to_on LOOP
    partition := parent::text || '_' || to_char(month, 'YYYYMM');
    upper := month + interval '1 month';
    IF NOT EXISTS (SELECT FROM month_partitions(parent) p WHERE p.from_at < upper AND p.to_at > month) THEN
      IF to_regclass('archive.' || partition) IS NOT NULL THEN
        RAISE EXCEPTION 'the month % of % is archived: attach archive.% again to write to it',
          to_char(month, 'YYYY-MM'), parent, partition USING ERRCODE = 'object_not_in_prerequisite_state';
      END IF;
      EXECUTE format('CREATE TABLE %I (LIKE %s INCLUDING ALL)', partition, parent);
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', partition);
      EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, partition, month,
                     upper);
      made := made + 1;
    END IF;
    month := upper;
  END LOOP;
  RETURN made; END $$;
CREATE OR REPLACE FUNCTION ensure_event_partitions(from_on date, to_on date) RETURNS integer LANGUAGE sql
  SECURITY DEFINER SET search_path = public, pg_temp AS
  $$ SELECT ensure_month_partitions('analytics_event', from_on, to_on) $$;
CREATE FUNCTION partition_digest(parent regclass, partition text, OUT row_count bigint, OUT hash numeric)
  LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$ BEGIN
  CASE parent::text
  WHEN 'analytics_event' THEN EXECUTE format($q${digest("analytics_event")}$q$, partition) INTO row_count, hash;
  WHEN 'audit_logs' THEN EXECUTE format($q${digest("audit_logs")}$q$, partition) INTO row_count, hash;
  END CASE; END $$;
-- Counting and detaching are one transaction, so no row can slip in between; that is why it does not detach
-- CONCURRENTLY, which can't run in one. The strong lock on the parent is taken last and held for catalogue work only.
CREATE FUNCTION detach_month(parent regclass, partition text, lake_count bigint, lake_hash numeric, today date)
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
  SET lock_timeout = '300ms' SET row_security = off AS $$
  DECLARE edge timestamptz := (SELECT p.to_at FROM month_partitions(parent) p WHERE p.name = partition);
    mine record; BEGIN
  IF edge IS NULL THEN
    RAISE EXCEPTION '% has no partition %', parent, partition USING ERRCODE = 'undefined_table';
  ELSIF edge > date_trunc('month', today) - interval '12 months' THEN
    RAISE EXCEPTION '% is younger than twelve months', partition USING ERRCODE = 'object_not_in_prerequisite_state',
      CONSTRAINT = 'partition_too_young';
  END IF;
  EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', partition);
  SELECT * INTO mine FROM partition_digest(parent, partition);
  IF mine.row_count IS DISTINCT FROM lake_count OR mine.hash IS DISTINCT FROM lake_hash THEN
    RAISE EXCEPTION '% differs from the lake: % rows with digest %, the lake has % with %', partition, mine.row_count,
      mine.hash, lake_count, lake_hash USING ERRCODE = 'object_not_in_prerequisite_state',
      CONSTRAINT = 'partition_differs_from_lake';
  END IF;
  EXECUTE format('ALTER TABLE %s DETACH PARTITION %I', parent, partition);
  EXECUTE format('ALTER TABLE %I SET SCHEMA archive', partition); END $$;
REVOKE ALL ON FUNCTION ensure_month_partitions(regclass, date, date), partition_digest(regclass, text),
  detach_month(regclass, text, bigint, numeric, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_month_partitions(regclass, date, date) TO stormcom_worker;
-- Who reads the lake says what it holds; that alone detaches nothing.
GRANT EXECUTE ON FUNCTION detach_month(regclass, text, bigint, numeric, date) TO stormcom_pipelines;
"""

# Edges of the first partition. The upper one leaves writers a whole month and more.
EDGES = """
SELECT to_char(date_trunc('month', least(min(created_at), now() - interval '12 months') AT TIME ZONE 'UTC'),
               'YYYY-MM-DD 00:00:00+00'),
       to_char(date_trunc('month', greatest(max(created_at), now() + interval '1 month') AT TIME ZONE 'UTC')
               + interval '1 month', 'YYYY-MM-DD 00:00:00+00')
FROM audit_logs
"""
INDEXES = {
    "audit_logs_store_id_created_at_idx": "(store_id, created_at)",
    "audit_logs_user_id_created_at_idx": "(user_id, created_at)",
    "audit_logs_entity_type_entity_id_created_at_idx": "(entity_type, entity_id, created_at)",
    "audit_logs_store_id_entity_type_entity_id_created_at_idx": "(store_id, entity_type, entity_id, created_at)",
    "audit_logs_store_id_correlation_id_idx": "(store_id, correlation_id) WHERE correlation_id IS NOT NULL",
    "audit_logs_row_version_idx": "(row_version)",
}
TRIGGERS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_logs FOR EACH ROW
  EXECUTE FUNCTION audit_logs_append_only();
CREATE TRIGGER z_row_version BEFORE UPDATE ON audit_logs FOR EACH ROW EXECUTE FUNCTION stamp_row_version();
CREATE TRIGGER z_tombstone AFTER DELETE ON audit_logs FOR EACH ROW
  EXECUTE FUNCTION write_tombstone('audit_logs', 'id');
"""
# The old table's own key is matched with the parent's when it is attached, so no row is read again.
USER_KEY = """
ALTER TABLE audit_logs ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE SET NULL ON UPDATE CASCADE;
"""
SECURE = """
SELECT secure_tenant_table('audit_logs');
REVOKE UPDATE, DELETE, TRUNCATE ON audit_logs FROM stormcom_app, stormcom_worker;
"""


def as_partition(lower: str, upper: str) -> str:
    """Statements that put a partitioned table in the place of audit_logs, with the old table in it."""
    renamed = "".join(f"ALTER INDEX {name} RENAME TO {_first(name)};" for name in INDEXES)
    indexes = "".join(f"CREATE INDEX {name} ON audit_logs {columns};" for name, columns in INDEXES.items())
    return f"""
LOCK TABLE audit_logs IN ACCESS EXCLUSIVE MODE;
DROP TRIGGER append_only ON audit_logs; DROP TRIGGER z_row_version ON audit_logs;
DROP TRIGGER z_tombstone ON audit_logs;
DROP POLICY tenant ON audit_logs;
REVOKE ALL ON audit_logs FROM stormcom_app, stormcom_worker, stormcom_pipelines;
ALTER TABLE audit_logs DROP CONSTRAINT audit_logs_pkey;
ALTER TABLE audit_logs ADD CONSTRAINT audit_logs_first_pkey PRIMARY KEY USING INDEX audit_logs_first_pkey;
{renamed}
ALTER TABLE audit_logs RENAME TO audit_logs_first;
CREATE TABLE audit_logs (LIKE audit_logs_first INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
  PARTITION BY RANGE (created_at);
ALTER TABLE audit_logs DROP CONSTRAINT audit_logs_edges;
ALTER TABLE audit_logs ADD PRIMARY KEY (id, created_at);
{USER_KEY}
{indexes}
{SECURE}
ALTER TABLE audit_logs ATTACH PARTITION audit_logs_first FOR VALUES FROM ('{lower}') TO ('{upper}');
ALTER TABLE audit_logs_first DROP CONSTRAINT audit_logs_edges;
{TRIGGERS}
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM audit_logs) THEN DROP TABLE audit_logs_first; END IF;
  PERFORM ensure_month_partitions('audit_logs', (now() - interval '12 months')::date,
                                  (now() + interval '12 months')::date); END $$;
"""


def _first(index: str) -> str:
    return index.replace("audit_logs_", "audit_logs_first_", 1)[:63]


PLAIN = """
ALTER TABLE audit_logs RENAME TO audit_logs_parted;
CREATE TABLE audit_logs (LIKE audit_logs_parted INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
INSERT INTO audit_logs SELECT * FROM audit_logs_parted;
DO $$ DECLARE month text; BEGIN
  FOR month IN SELECT relname FROM pg_class WHERE relnamespace = 'archive'::regnamespace AND relkind = 'r' LOOP
    IF month LIKE 'audit_logs%' THEN
      EXECUTE format('INSERT INTO audit_logs SELECT * FROM archive.%I', month);
      EXECUTE format('DROP TABLE archive.%I', month);
    ELSE
      EXECUTE format('ALTER TABLE archive.%I SET SCHEMA public', month);
      EXECUTE format('ALTER TABLE analytics_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', month,
        to_date(right(month, 6), 'YYYYMM') || ' 00:00:00+00',
        (to_date(right(month, 6), 'YYYYMM') + interval '1 month')::date || ' 00:00:00+00');
    END IF;
  END LOOP; END $$;
DROP TABLE audit_logs_parted;
DROP SCHEMA archive;
ALTER TABLE audit_logs ADD PRIMARY KEY (id);
"""
# As 0010 made it.
EVENTS_ONLY = """
CREATE OR REPLACE FUNCTION ensure_event_partitions(from_on date, to_on date) RETURNS integer LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
  DECLARE month date := date_trunc('month', from_on)::date; partition text; made integer := 0; BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('analytics_event partitions'));
  WHILE month <= to_on LOOP
    partition := 'analytics_event_' || to_char(month, 'YYYYMM');
    IF to_regclass(partition) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF analytics_event FOR VALUES FROM (%L) TO (%L)', partition,
                     month::timestamptz, (month + interval '1 month')::timestamptz);
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
      EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', partition);
      made := made + 1;
    END IF;
    month := (month + interval '1 month')::date;
  END LOOP;
  RETURN made; END $$;
DROP FUNCTION detach_month(regclass, text, bigint, numeric, date), partition_digest(regclass, text),
  ensure_month_partitions(regclass, date, date), month_partitions(regclass);
"""


def upgrade() -> None:
    step(FUNCTIONS)
    with op.get_context().autocommit_block():
        # A run that was killed after the change of hands finds it done.
        if op.get_bind().scalar(text("SELECT relkind::text FROM pg_class WHERE oid = 'audit_logs'::regclass")) == "p":
            return
        lower, upper = op.get_bind().execute(text(EDGES)).one()
    index_concurrently("audit_logs_first_pkey", "audit_logs (id, created_at)", unique=True)
    step(f"""ALTER TABLE audit_logs DROP CONSTRAINT IF EXISTS audit_logs_edges, ADD CONSTRAINT audit_logs_edges
             CHECK (created_at >= '{lower}' AND created_at < '{upper}') NOT VALID""")
    # Not validate(): a run that died in another month has noted that statement for other edges.
    step(f"ALTER TABLE audit_logs VALIDATE CONSTRAINT audit_logs_edges /* {lower} {upper} */")
    step(as_partition(lower, upper))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL timezone = 'UTC'")
    op.execute(PLAIN)
    op.execute(USER_KEY)
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON audit_logs {columns}")
    op.execute(SECURE)
    op.execute(TRIGGERS)
    op.execute(EVENTS_ONLY)
