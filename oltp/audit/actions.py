"""Writes of the audit log: what was done to what, by whom, in the transaction that does it."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.audit.errors import AuditFieldEmpty, AuditValueUnknown
from oltp.audit.models import ACTOR_TYPES, SEVERITIES, AuditLog
from oltp.audit.queries import find_sealed_secret
from oltp.db.partitions import named_refusal, require_month
from oltp.kit.ids import new_id
from oltp.kit.secrets import SecretBox
from oltp.kit.trace import current_trace

SECRET_BYTES = 32
_INSERT = text("""
    INSERT INTO audit_logs (id, store_id, action, entity_type, entity_id, changes, created_at, actor_type, request_id,
                            correlation_id)
    VALUES (:id, :store, :action, :type, :entity, :changes, CAST(:at AS timestamptz), 'SYSTEM', :request,
            :correlation)""")


def record_audit(
    session: Session, *, store_id: UUID | None, action: str, entity_type: str, entity_id: str | UUID,
    changes: Mapping[str, Any] | None = None, actor_type: str = "USER", user_id: UUID | None = None,
    severity: str = "info", ip_address: str | None = None, user_agent: str | None = None, occurred_at: datetime,
) -> AuditLog:
    """Record what is done in this transaction; ids come from the current trace, where there is one.

    `changes` is {field: {"old": …, "new": …}}. The entry is not signed yet. Errors, each naming the field:
    AuditFieldEmpty, AuditValueUnknown, OutsideMonths.
    """
    for field, value in (("action", action), ("entity_type", entity_type), ("entity_id", str(entity_id))):
        if not value.strip():
            raise AuditFieldEmpty(field=field)
    for field, value, allowed in (("severity", severity, SEVERITIES), ("actor_type", actor_type, ACTOR_TYPES)):
        if value not in allowed:
            raise AuditValueUnknown(field=field, value=value, allowed=", ".join(allowed))
    require_month(session, table="audit_logs", field="occurred_at", moment=occurred_at)
    trace = current_trace()
    entry = AuditLog(
        id=new_id(), store_id=store_id, user_id=user_id, action=action, entity_type=entity_type,
        entity_id=str(entity_id), changes=None if changes is None else json.dumps(changes, default=str),
        ip_address=ip_address, user_agent=user_agent, created_at=occurred_at, actor_type=actor_type, severity=severity,
        request_id=trace.request_id if trace else None, correlation_id=trace.correlation_id if trace else None)
    session.add(entry)
    session.flush()
    return entry


def add_audit(
    session: Session, *, store_id: UUID, action: str, entity_type: str, entity_id: UUID, changes: Mapping[str, Any],
    occurred_at: datetime,
) -> None:
    """Record what the system does, as record_audit() does, in one statement: for paths on which each one counts.

    Errors: OutsideMonths.
    """
    trace = current_trace()
    with named_refusal():
        session.execute(_INSERT, {
            "id": new_id(), "store": store_id, "action": action, "type": entity_type, "entity": str(entity_id),
            "changes": json.dumps(changes, default=str), "at": occurred_at,
            "request": trace.request_id if trace else None, "correlation": trace.correlation_id if trace else None})


def ensure_audit_secret(session: Session, *, store_id: UUID, box: SecretBox) -> bytes:
    """Return the secret that the store's entries are signed with; it is made when first asked for.

    Writers that ask at once all get the same one. Errors: LookupError when the session does not see the store,
    SecretKeyMissing, SecretBroken.
    """
    sealed = find_sealed_secret(session, store_id=store_id)
    if sealed is None:
        fresh = box.seal(os.urandom(SECRET_BYTES), owner=store_id.bytes)
        statement = text("SELECT keep_store_audit_secret(:store, :sealed)")
        sealed = session.scalar(statement, {"store": store_id, "sealed": fresh})
    if sealed is None:
        raise LookupError(f"The session does not see the store {store_id}.")
    return box.open(sealed, owner=store_id.bytes)
