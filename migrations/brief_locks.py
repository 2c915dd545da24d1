"""SQL functions that take one row's lock or give up soon: true when it is held, false when somebody else holds it."""


def brief_lock(name: str, *, table: str, argument: str, patience: str) -> str:
    """SQL that makes `name(store, <argument>)`, which waits at most `patience` for the row of `table`."""
    return f"""CREATE FUNCTION {name}(store uuid, {argument} uuid) RETURNS boolean LANGUAGE plpgsql
  SET lock_timeout = '{patience}' AS $$ BEGIN
  PERFORM FROM {table} WHERE store_id = store AND id = {argument} FOR NO KEY UPDATE SKIP LOCKED;
  IF FOUND THEN RETURN true; END IF;
  BEGIN
    PERFORM FROM {table} WHERE store_id = store AND id = {argument} FOR NO KEY UPDATE;
    RETURN FOUND;
  EXCEPTION WHEN lock_not_available THEN RETURN false; END; END $$;
"""
