"""What every step shares: one correlation id per run, retries of errors that pass by themselves, full or touched."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb
import psycopg
from sqlalchemy.exc import DBAPIError

from oltp.kit.trace import bind_trace, new_trace
from pipelines.publish.errors import PublicationMoved
from pipelines.resources import River
from warehouse.connection import LakeUnavailable

CORRELATION_TAG = "correlation_id"
FULL_TAG = "stormcom/full"
MAX_RETRIES = 3
StepContext = dg.AssetExecutionContext | dg.AssetCheckExecutionContext
_TRANSIENT = (
    psycopg.OperationalError,  # lost connections, deadlocks, serialization failures
    psycopg.errors.ForeignKeyViolation,  # a store or product was deleted while its rows were under way
    LakeUnavailable,
    PublicationMoved,
    duckdb.IOException,
    duckdb.TransactionException,
)


def is_full(context: StepContext) -> bool:
    """Whether the run rebuilds everything instead of what was touched (run tag stormcom/full = true)."""
    return str(context.run.tags.get(FULL_TAG, "")).lower() == "true"


def is_transient(error: BaseException) -> bool:
    """Whether trying again may help: a lost connection, a deadlock, a lost race; never a wrong row."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and is_transient(error.orig))
    return isinstance(error, _TRANSIENT)


@contextmanager
def step(context: StepContext, river: River) -> Iterator[None]:
    """Run a step's body: bound to the run's correlation id, tried again (1, 2, 4 s) when the error is transient."""
    run = context.run
    trace = new_trace(request_id=run.run_id, correlation_id=run.tags.get(CORRELATION_TAG) or run.run_id)
    if CORRELATION_TAG not in run.tags:  # started by hand in the UI: the run's own id joins its rows and logs
        context.instance.add_run_tags(run.run_id, {CORRELATION_TAG: str(trace.correlation_id)})
    with bind_trace(trace):
        try:
            yield
        except Exception as error:
            if not is_transient(error):
                raise
            attempt = context.op_execution_context.retry_number
            context.log.warning(f"Attempt {attempt + 1} failed, trying again: {error}")
            river.reopen()
            raise dg.RetryRequested(max_retries=MAX_RETRIES, seconds_to_wait=2**attempt) from error
