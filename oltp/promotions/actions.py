"""Writes of promotion rules: made, changed, switched on and off. Uses are consumed in using.py."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_promotions
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.kit.money import exponent
from oltp.outbox.actions import record_event
from oltp.promotions.errors import CurrencyFixed, LimitBelowUse, PromotionInvalid, RuleEnded
from oltp.promotions.models import PromotionRule
from oltp.promotions.queries import get_rule
from oltp.promotions.written import parse_actions, parse_conditions, speaks_of_money, write_actions, write_condition
from oltp.tenancy.queries import get_store

RULE_FIELDS = frozenset({
    "name", "description", "conditions", "actions", "currency", "priority", "stack_group", "is_stackable",
    "is_exclusive", "is_last", "starts_at", "ends_at", "usage_limit", "per_customer_limit", "budget_amount"})


def create_rule(session: Session, *, store_id: UUID, fields: Mapping[str, Any], clock: Clock) -> PromotionRule:
    """Make a rule, as a draft. `fields` are RULE_FIELDS; conditions and actions in either form (written.py).

    A rule that speaks of amounts has a currency: the store's, where none is given. Errors: PromotionInvalid.
    """
    now = clock.now()
    rule = draft_rule(session, store_id=store_id, fields=fields, at=now)
    rule.created_at = rule.updated_at = now
    session.add(rule)
    session.flush()
    _record(session, rule=rule, verb="created", clock=clock)
    return rule


def draft_rule(session: Session, *, store_id: UUID, fields: Mapping[str, Any], at: datetime) -> PromotionRule:
    """Return a rule that is checked but kept nowhere: what create_rule() adds. Errors: PromotionInvalid."""
    rule = PromotionRule(
        id=new_id(), store_id=store_id, status="draft", conditions={}, priority=100, is_exclusive=False,
        is_stackable=not fields.get("is_exclusive", False), is_last=False, starts_at=at, used_count=0, spent_amount=0)
    _put(session, rule=rule, changes={"conditions": {}, "actions": [], **fields})
    return rule


def update_rule(
    session: Session, *, store_id: UUID, rule_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> PromotionRule:
    """Change the fields that are given. Orders keep what they were given.

    Errors: RuleNotFound, Stale, PromotionInvalid, LimitBelowUse, CurrencyFixed.
    """
    rule = _lock(session, store_id=store_id, rule_id=rule_id, expected=expected_updated_at)
    if rule.used_count and changes.get("currency", rule.currency) != rule.currency:
        raise CurrencyFixed(field="currency")
    _put(session, rule=rule, changes=changes)
    _check_uses(rule)
    return _changed(session, rule=rule, verb="updated", clock=clock)


def activate_rule(
    session: Session, *, store_id: UUID, rule_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> PromotionRule:
    """Let a rule apply from now on, within its window. Errors: RuleNotFound, Stale, RuleEnded."""
    return _switch(session, store_id=store_id, rule_id=rule_id, status="active", verb="activated", clock=clock,
                   expected=expected_updated_at)


def pause_rule(
    session: Session, *, store_id: UUID, rule_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> PromotionRule:
    """Let a rule apply no more until it is activated again. Errors: RuleNotFound, Stale, RuleEnded."""
    return _switch(session, store_id=store_id, rule_id=rule_id, status="paused", verb="paused", clock=clock,
                   expected=expected_updated_at)


def delete_rule(
    session: Session, *, store_id: UUID, rule_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Delete a rule and its codes; orders keep what they were given. Errors: RuleNotFound, Stale."""
    rule = _lock(session, store_id=store_id, rule_id=rule_id, expected=expected_updated_at)
    rule.deleted_at = clock.now()
    session.execute(
        text("UPDATE discount_code SET deleted_at = :at, is_active = false, updated_at = :at "
             "WHERE store_id = :store AND promotion_rule_id = :rule AND deleted_at IS NULL"),
        {"store": store_id, "rule": rule_id, "at": clock.now()})
    _changed(session, rule=rule, verb="deleted", clock=clock)


def check_window(starts_at: datetime, ends_at: datetime | None) -> None:
    """Errors: PromotionInvalid where it would end before it starts."""
    if ends_at is not None and ends_at <= starts_at:
        raise PromotionInvalid(field="ends_at", reason="must be after starts_at")


def _put(session: Session, *, rule: PromotionRule, changes: Mapping[str, Any]) -> None:
    unknown = sorted(set(changes) - RULE_FIELDS)
    if unknown:
        raise PromotionInvalid(field=unknown[0], reason="is not known")
    for name in changes.keys() - {"conditions", "actions"}:
        setattr(rule, name, changes[name])
    _put_written(session, rule=rule, changes=changes)
    check_window(rule.starts_at, rule.ends_at)
    if rule.is_exclusive and rule.is_stackable:
        if changes.get("is_stackable"):
            raise PromotionInvalid(field="is_stackable", reason="an exclusive rule is not stackable")
        rule.is_stackable = False


def _put_written(session: Session, *, rule: PromotionRule, changes: Mapping[str, Any]) -> None:
    """Put conditions and actions in their long form, and give the rule a currency where it speaks of amounts."""
    currency = rule.currency or get_store(session, store_id=rule.store_id).currency
    exponent(currency)
    conditions = parse_conditions(changes.get("conditions", rule.conditions), currency=currency)
    actions = parse_actions(changes.get("actions", rule.actions), currency=currency)
    rule.conditions, rule.actions = write_condition(conditions), write_actions(actions)
    if rule.budget_amount is not None or speaks_of_money(conditions, actions):
        rule.currency = currency


def _check_uses(rule: PromotionRule) -> None:
    if rule.usage_limit is not None and rule.usage_limit < rule.used_count:
        raise LimitBelowUse(field="usage_limit", used=rule.used_count)
    if rule.budget_amount is not None and rule.budget_amount < rule.spent_amount:
        raise LimitBelowUse(field="budget_amount", used=rule.spent_amount)


def _lock(session: Session, *, store_id: UUID, rule_id: UUID, expected: datetime | None) -> PromotionRule:
    lock_promotions(session, store_id=store_id, rule_ids=[rule_id], code_ids=[])
    rule = get_rule(session, store_id=store_id, rule_id=rule_id)
    session.refresh(rule)
    if expected is not None and rule.updated_at != expected:
        raise Stale()
    return rule


def _switch(
    session: Session, *, store_id: UUID, rule_id: UUID, status: str, verb: str, clock: Clock,
    expected: datetime | None,
) -> PromotionRule:
    rule = _lock(session, store_id=store_id, rule_id=rule_id, expected=expected)
    if rule.status == "ended":
        raise RuleEnded(rule_id=rule_id)
    if rule.status == status:
        return rule
    rule.status = status
    return _changed(session, rule=rule, verb=verb, clock=clock)


def _changed(session: Session, *, rule: PromotionRule, verb: str, clock: Clock) -> PromotionRule:
    rule.updated_at = clock.now()
    session.flush()
    _record(session, rule=rule, verb=verb, clock=clock)
    return rule


def _record(session: Session, *, rule: PromotionRule, verb: str, clock: Clock) -> None:
    record_event(
        session, store_id=rule.store_id, name=f"promotion.{verb}", entity_type="promotion_rule", entity_id=rule.id,
        payload={"promotion_rule_id": str(rule.id), "name": rule.name, "status": rule.status},
        occurred_at=clock.now())
