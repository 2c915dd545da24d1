"""The index strategy: the store comes first, listings see live rows only, foreign keys can be followed backwards."""

from sqlalchemy import text

from oltp.db.session import Database

# Indexes of tenant tables that rightly don't start with the store, and why.
ACROSS_STORES = {
    "api_token_token_hash_key": "the store is found by the hash",
    "payment_provider_config_callback_key_key": "the store is found by the key",
    "job_descriptor_job_id_key": "the queue's key",
    "stock_reservation_expires_at_idx": "the worker sweeps all stores",
    "idempotency_record_expires_at_idx": "the worker sweeps all stores",
    "webhook_delivery_next_attempt_at_idx": "the worker delivers for all stores",
    "role_permission_permission_id_idx": "built-in permissions have no store",
    "role_permission_membership_id_idx": "a membership belongs to an organization",
    "product_search_document_title_idx": "trigrams; the scan is narrowed by the store's own index",
    "product_search_document_document_idx": "words; likewise",
    "product_embedding_pkey": "vectors are partitioned by shard, which is the store or its group",
    "store_shard_active_model_id_idx": "which stores still use a model",
    "request_timing_route_occurred_at_idx": "the platform's own timings",
}
INDEXES = """
SELECT i.relname, t.relname, pg_get_indexdef(x.indexrelid, 1, true), x.indisprimary, pg_get_expr(x.indpred, x.indrelid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition AND EXISTS (
  SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'store_id' AND NOT a.attisdropped)
ORDER BY 1"""
# Foreign keys of tenant tables whose columns are no prefix of any index: deleting a parent would read the child whole.
BARE_KEYS = """
SELECT c.conrelid::regclass || ' ' || c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND NOT t.relispartition AND NOT EXISTS (
  SELECT FROM pg_index x WHERE x.indrelid = c.conrelid
    AND (x.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
    -- One column may serve two: the store narrows to few enough rows.
    OR x.indrelid = c.conrelid AND cardinality(c.conkey) > 2 AND (x.indkey::int2[])[0:1] <@ c.conkey
       AND (x.indkey::int2[])[0] = c.conkey[1])
ORDER BY 1"""
# Keys without: nobody deletes users, models or organizations in bulk, and the other tables hold few rows of a store.
BARE = {
    "api_token api_token_created_by_user_id_fkey", "customers customers_user_id_fkey", "sessions sessions_user_id_fkey",
    "app_integration app_integration_installed_by_user_id_fkey", "memberships memberships_organization_id_fkey",
    "fraud_assessment fraud_assessment_reviewed_by_user_id_fkey", "product_embedding product_embedding_model_id_fkey",
    "inventory_adjustment inventory_adjustment_user_id_fkey", "inventory_logs inventory_logs_user_id_fkey",
    "audit_logs audit_logs_user_id_fkey1",
    "app_integration app_integration_store_id_api_token_id_fkey",
    "product_recommendation product_recommendation_store_id_product_id_fkey",
    "product_sales_window product_sales_window_store_id_product_id_fkey",
}


def test_the_store_comes_first(database: Database) -> None:
    with database.owner_session() as session:
        rows = session.execute(text(INDEXES)).all()
    astray = {name for name, _, first, is_primary, _ in rows
              if first != "store_id" and not (is_primary and first == "id") and not name.endswith("_row_version_idx")}
    assert astray == set(ACROSS_STORES)


def test_listings_of_what_can_be_deleted_see_live_rows(database: Database) -> None:
    with database.owner_session() as session:
        rows = session.execute(text(INDEXES)).all()
        soft = set(session.scalars(text("""
            SELECT table_name FROM information_schema.columns
            WHERE table_schema = 'public' AND column_name = 'deleted_at'""")))
    live = {table for _, table, _, _, predicate in rows if predicate and "deleted_at IS NULL" in predicate}
    # A deleted tombstone or store is no listing.
    assert soft - live == {"stores", "row_tombstone"}


def test_a_parent_can_find_its_children(database: Database) -> None:
    with database.owner_session() as session:
        bare = session.scalars(text(BARE_KEYS)).all()
    assert set(bare) == BARE
