"""Events: domain events (outbox), analytics events by month, what was refused, and the counts of each batch."""

from alembic import op

from migrations.steps import step

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DOMAIN = """
CREATE TABLE domain_event (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  name text NOT NULL CHECK (name ~ '^[a-z_]+[.][a-z_]+$'), entity_type text NOT NULL, entity_id uuid NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}', occurred_at timestamptz NOT NULL DEFAULT now(), correlation_id uuid,
  request_id text,
  actor_type text NOT NULL DEFAULT 'SYSTEM' CHECK (actor_type IN ('USER', 'SYSTEM', 'JOB')),
  UNIQUE (store_id, id));
CREATE INDEX domain_event_store_id_entity_id_occurred_at_idx ON domain_event (store_id, entity_id, occurred_at);
SELECT secure_tenant_table('domain_event'), track_rows('domain_event', 'id');
-- An event is a fact: it can't be changed; only erasing its store takes it away.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER append_only BEFORE UPDATE ON domain_event FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

BATCHES = """
CREATE TABLE ingest_batch (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  received_at timestamptz NOT NULL DEFAULT now(), received_count integer NOT NULL CHECK (received_count >= 0),
  accepted_count integer NOT NULL CHECK (accepted_count >= 0),
  rejected_count integer NOT NULL CHECK (rejected_count >= 0),
  duplicate_count integer NOT NULL CHECK (duplicate_count >= 0),
  quarantined_count integer NOT NULL CHECK (quarantined_count >= 0),
  unconsented_count integer NOT NULL CHECK (unconsented_count >= 0), byte_count bigint NOT NULL, request_id text,
  UNIQUE (store_id, id),
  CHECK (received_count = accepted_count + rejected_count + duplicate_count + quarantined_count
         + unconsented_count));
CREATE INDEX ingest_batch_store_id_received_at_idx ON ingest_batch (store_id, received_at);
SELECT secure_tenant_table('ingest_batch'), track_rows('ingest_batch', 'id');
CREATE TABLE rejected_event (
  id uuid PRIMARY KEY DEFAULT uuidv7(), store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE,
  ingest_batch_id uuid NOT NULL, received_at timestamptz NOT NULL DEFAULT now(), body text NOT NULL,
  path text NOT NULL, reason text NOT NULL, code text NOT NULL, is_quarantined boolean NOT NULL DEFAULT false,
  replayed_at timestamptz, UNIQUE (store_id, id),
  FOREIGN KEY (store_id, ingest_batch_id) REFERENCES ingest_batch (store_id, id) ON DELETE CASCADE);
CREATE INDEX rejected_event_store_id_received_at_idx ON rejected_event (store_id, received_at);
CREATE INDEX rejected_event_store_id_ingest_batch_id_idx ON rejected_event (store_id, ingest_batch_id);
SELECT secure_tenant_table('rejected_event');
"""

ANALYTICS = """
CREATE TABLE analytics_event (
  store_id uuid NOT NULL REFERENCES stores ON DELETE CASCADE, event_id uuid NOT NULL,
  occurred_at timestamptz NOT NULL, corrected_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(), sent_at timestamptz, name text NOT NULL,
  version smallint NOT NULL DEFAULT 1, subject_id uuid, consent boolean NOT NULL DEFAULT true CHECK (consent),
  is_bot boolean NOT NULL DEFAULT false, session_ref text, product_id uuid, order_id uuid, utm_source text,
  utm_medium text, utm_campaign text, utm_term text, utm_content text, click_id_kind text, referrer_host text,
  page_path text, country text CHECK (country ~ '^[A-Z]{2}$'), properties jsonb NOT NULL DEFAULT '{}',
  ingest_batch_id uuid NOT NULL, PRIMARY KEY (store_id, event_id, occurred_at),
  FOREIGN KEY (store_id, subject_id) REFERENCES subject (store_id, id) ON DELETE SET NULL (subject_id)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX analytics_event_store_id_occurred_at_idx ON analytics_event (store_id, occurred_at);
CREATE INDEX analytics_event_store_id_subject_id_idx ON analytics_event (store_id, subject_id);
SELECT secure_tenant_table('analytics_event'), track_rows('analytics_event', 'event_id');
-- Partitions get no grant: reached directly they would bypass the parent's row-level security.
CREATE FUNCTION ensure_event_partitions(from_on date, to_on date) RETURNS integer LANGUAGE plpgsql
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
REVOKE ALL ON FUNCTION ensure_event_partitions(date, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_event_partitions(date, date) TO stormcom_worker;
"""

TIMING = """
CREATE TABLE request_timing (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, store_id uuid, route text NOT NULL, method text NOT NULL,
  status smallint NOT NULL, duration_us bigint NOT NULL CHECK (duration_us >= 0),
  filter_flags text[] NOT NULL DEFAULT '{}', request_id text, correlation_id text,
  occurred_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX request_timing_route_occurred_at_idx ON request_timing (route, occurred_at);
-- A platform table: requests without a known store are timed too. The app may add rows, not read them.
GRANT INSERT ON request_timing TO stormcom_app;
GRANT SELECT, INSERT, DELETE ON request_timing TO stormcom_worker;
GRANT SELECT ON request_timing TO stormcom_pipelines;
"""


def upgrade() -> None:
    for part in (DOMAIN, BATCHES, ANALYTICS, TIMING):
        step(part)
    # Each partition locks the tables that its keys name, so each has a transaction of its own.
    for month in range(-12, 13):
        day = f"(now() + interval '{month} months')::date"
        step(f"SELECT ensure_event_partitions({day}, {day})")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
        DROP TABLE request_timing, analytics_event, rejected_event, ingest_batch, domain_event;
        DROP FUNCTION ensure_event_partitions(date, date), refuse_change();
        DELETE FROM row_tombstone WHERE table_name IN ('domain_event', 'ingest_batch')
          OR table_name LIKE 'analytics_event%'""")
