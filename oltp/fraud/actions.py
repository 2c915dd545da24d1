"""Writes of fraud: the log of decisions is only ever added to; the newest decision about an order is in force."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from oltp.audit.actions import record_audit
from oltp.fraud.errors import AlreadyReviewed, ReviewNotNeeded
from oltp.fraud.models import FraudAssessment
from oltp.fraud.queries import collect_features, find_newest, get_assessment
from oltp.fraud.rules import features_json, judge
from oltp.kit.clock import Clock
from oltp.kit.ids import new_id
from oltp.orders.actions import hold, release, take_order
from oltp.outbox.actions import record_event

HOLD_REASON = "fraud"


def assess_order(session: Session, *, store_id: UUID, order_id: UUID, clock: Clock) -> FraudAssessment:
    """Judge an order by what was known when it was placed; unless approved, it is held with the reason `fraud`.

    Errors: OrderNotFound.
    """
    known = collect_features(session, store_id=store_id, order_id=order_id)
    verdict = judge(known)
    made = FraudAssessment(
        id=new_id(), store_id=store_id, order_id=order_id, rules_version=verdict.version, score=verdict.score,
        decision=verdict.decision, features=features_json(known), reasons=list(verdict.reasons),
        assessed_at=clock.now())
    session.add(made)
    session.flush()
    if made.decision != "approve":
        hold(session, store_id=store_id, order_id=order_id, reason=HOLD_REASON, clock=clock)
        _record(session, made=made, name="fraud.suspected")
    return made


def review_assessment(
    session: Session, *, store_id: UUID, assessment_id: UUID, decision: Literal["approve", "decline"], clock: Clock,
    user_id: UUID | None = None,
) -> FraudAssessment:
    """Add a person's decision to the log: approved, the order is released; declined, it stays held to be cancelled.

    Errors: AssessmentNotFound, AlreadyReviewed (another decision is in force), ReviewNotNeeded.
    """
    judged = get_assessment(session, store_id=store_id, assessment_id=assessment_id)
    order = take_order(session, store_id=store_id, order_id=judged.order_id)
    newest = find_newest(session, store_id=store_id, order_id=judged.order_id)
    if newest is None or newest.id != judged.id:
        raise AlreadyReviewed(assessment_id=assessment_id, newest_id=newest.id if newest else None)
    if judged.decision == "approve" and judged.review_decision is None:
        raise ReviewNotNeeded(assessment_id=assessment_id)
    # Later than what it decides on, also where two clocks differ: the newest decision is the one in force.
    now = max(clock.now(), judged.assessed_at + timedelta(microseconds=1))
    made = FraudAssessment(
        id=new_id(), store_id=store_id, order_id=judged.order_id, rules_version=judged.rules_version,
        score=judged.score, decision=judged.decision, features=judged.features, reasons=judged.reasons,
        assessed_at=now, reviewed_at=now, review_decision=decision, reviewed_by_user_id=user_id)
    session.add(made)
    session.flush()
    if decision == "decline":
        hold(session, store_id=store_id, order_id=order.id, reason=HOLD_REASON, clock=clock)
    elif order.hold_reason == HOLD_REASON:
        release(session, store_id=store_id, order_id=order.id, clock=clock)
    _record(session, made=made, name="fraud.reviewed")
    record_audit(session, store_id=store_id, action="fraud.reviewed", entity_type="order", entity_id=order.id,
                 changes={"review_decision": {"old": judged.review_decision, "new": decision}}, user_id=user_id,
                 occurred_at=now)
    return made


def _record(session: Session, *, made: FraudAssessment, name: str) -> None:
    record_event(
        session, store_id=made.store_id, name=name, entity_type="order", entity_id=made.order_id,
        payload={"assessment_id": str(made.id), "score": made.score, "decision": made.decision,
                 "review_decision": made.review_decision, "reasons": made.reasons,
                 "rules_version": made.rules_version}, occurred_at=made.assessed_at,
        actor_type="SYSTEM" if made.review_decision is None else "USER")
