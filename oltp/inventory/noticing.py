"""The notice that stock runs low: an entry in the audit log, as legacy wrote it. There is no mail to send.

Whoever wants to hear of it at once follows the event inventory.low_stock, by a webhook for example.
"""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.audit.actions import record_audit
from oltp.outbox.models import DomainEvent

ACTION = "low_stock_alert"
_NOTED = text("""
    SELECT EXISTS (SELECT FROM audit_logs WHERE store_id = :store AND entity_type = 'variant' AND entity_id = :variant
                     AND created_at = :at AND action = :action)""")


def note_low_stock(session: Session, *, store_id: UUID, event_id: UUID) -> bool:
    """Write the notice that the event inventory.low_stock asks for; False where it stands already, or no event does."""
    event = session.scalar(select(DomainEvent).where(DomainEvent.store_id == store_id, DomainEvent.id == event_id))
    if event is None:
        return False
    key = {"store": store_id, "variant": str(event.entity_id), "at": event.occurred_at, "action": ACTION}
    if session.scalar(_NOTED, key):
        return False
    on_hand: int = event.payload["on_hand"]
    record_audit(
        session, store_id=store_id, action=ACTION, entity_type="variant", entity_id=event.entity_id,
        changes={"on_hand": {"old": on_hand - event.payload["delta"], "new": on_hand},
                 "low_stock_threshold": {"new": event.payload["low_stock_threshold"]}},
        actor_type="JOB", severity="warning", occurred_at=event.occurred_at)
    return True
