"""Reads of promotions: what may apply to a cart now, and the rules and codes that merchants keep."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, tuple_
from sqlalchemy.orm import Session

from oltp.promotions.conditions import All, Condition, MinSubtotal
from oltp.promotions.effects import Action, Fixed, FreeShipping, Percent
from oltp.promotions.errors import CodeNotFound, PromotionInvalid, RuleNotFound
from oltp.promotions.facts import normalise_code
from oltp.promotions.models import DiscountCode, PromotionRule
from oltp.promotions.stacking import ActiveRule
from oltp.promotions.written import parse_actions, parse_conditions, write_actions, write_condition

logger = logging.getLogger(__name__)
# A code with a discount of its own stands where a rule with the default priority does.
CODE_PRIORITY = 100
# Somebody is his account and the guest of his e-mail, the account of that e-mail, and the guest of the account's.
_ME = """
    WITH me AS (
      SELECT s.id FROM subject s WHERE s.store_id = :store AND s.customer_id = CAST(:customer AS uuid)
      UNION SELECT s.id FROM subject s WHERE s.store_id = :store
        AND s.contact_hash = contact_hash(:store, jsonb_build_object('email', CAST(:email AS text))::text)
      UNION SELECT s.id FROM customers c JOIN subject s ON s.store_id = c.store_id AND s.customer_id = c.id
        WHERE c.store_id = :store AND c.email = lower(trim(CAST(:email AS text)))
      UNION SELECT s.id FROM subject s WHERE s.store_id = :store AND s.contact_hash = (
        SELECT contact_hash(c.store_id, jsonb_build_object('email', c.email)::text) FROM customers c
        WHERE c.store_id = :store AND c.id = CAST(:customer AS uuid))),
    mine AS (
      SELECT u.promotion_rule_id AS rule_id, u.discount_code_id AS code_id, sum(u.used_count) AS used
      FROM promotion_usage u JOIN me ON me.id = u.subject_id WHERE u.store_id = :store GROUP BY 1, 2)"""
_USED_UP = """(x.used_count >= x.usage_limit OR m.used >= x.per_customer_limit) IS TRUE"""
_CODES = text(f"""{_ME}
    SELECT x.id, x.code, x.promotion_rule_id, x.type::text AS type, x.percent, x.amount, x.currency,
           x.min_subtotal_amount, x.max_discount_amount, {_USED_UP} AS is_used_up,
           x.per_customer_limit IS NOT NULL AS is_per_person
    FROM discount_code x LEFT JOIN mine m ON m.code_id = x.id
    WHERE x.store_id = :store AND x.code = ANY (:codes) AND x.deleted_at IS NULL AND x.is_active
      AND x.starts_at <= :at AND (x.ends_at IS NULL OR x.ends_at > :at)
      AND (x.currency IS NULL OR x.currency = :currency) ORDER BY x.code""")
# A rule that has ever had a code is given by a code only: else deleting its last code would give it to everybody.
_RULES = text(f"""{_ME}
    SELECT x.id, x.name, x.priority, x.conditions, x.actions, x.currency, x.stack_group, x.is_stackable,
           x.is_exclusive, x.is_last, x.budget_amount - x.spent_amount AS budget_left, {_USED_UP} AS is_used_up,
           x.per_customer_limit IS NOT NULL AS is_per_person
    FROM promotion_rule x LEFT JOIN mine m ON m.rule_id = x.id
    WHERE x.store_id = :store AND x.status = 'active' AND x.deleted_at IS NULL
      AND x.starts_at <= :at AND (x.ends_at IS NULL OR x.ends_at > :at)
      AND (x.currency IS NULL OR x.currency = :currency)
      AND (x.id = ANY (:keys) OR NOT EXISTS (
        SELECT FROM discount_code d WHERE d.store_id = x.store_id AND d.promotion_rule_id = x.id))
    ORDER BY x.priority, x.id""")


def list_active_rules(
    session: Session, *, store_id: UUID, currency: str, codes: Sequence[str], at: datetime, customer_id: UUID | None,
    email: str | None,
) -> tuple[ActiveRule, ...]:
    """Return the rules in force at that moment for carts of the currency, and the typed codes as rules.

    Two statements, one where no code was typed. A rule that can't be read is left out and logged.
    """
    given = {"store": store_id, "currency": currency, "at": at, "customer": customer_id, "email": email}
    wanted = sorted({normalise_code(code) for code in codes})
    typed = session.execute(_CODES, {**given, "codes": wanted}).all() if wanted else []
    keys: dict[UUID, list[Row[Any]]] = {}
    for code in typed:
        if code.promotion_rule_id is not None:
            keys.setdefault(code.promotion_rule_id, []).append(code)
    rows = session.execute(_RULES, {**given, "keys": list(keys)}).all()
    rules = [rule for row in rows for code in keys.get(row.id, [None]) if (rule := _rule(row, code)) is not None]
    return (*rules, *(_own_rule(code) for code in typed if code.type is not None))


def _rule(row: Row[Any], code: Row[Any] | None) -> ActiveRule | None:
    try:
        conditions = parse_conditions(row.conditions, currency=row.currency or "USD")
        actions = parse_actions(row.actions, currency=row.currency or "USD")
    except PromotionInvalid:
        logger.exception("promotion rule %s can't be read", row.id)
        return None
    return ActiveRule(
        id=row.id, name=row.name, priority=row.priority, conditions=conditions, actions=actions,
        currency=row.currency, stack_group=row.stack_group, is_stackable=row.is_stackable,
        is_exclusive=row.is_exclusive, is_last=row.is_last, code_id=code.id if code else None,
        code=code.code if code else None, is_used_up=row.is_used_up or bool(code and code.is_used_up),
        is_per_person=row.is_per_person or bool(code and code.is_per_person),
        budget_left=row.budget_left, snapshot=snapshot_of(row.name, row.priority, conditions, actions, row.currency))


def snapshot_of(
    name: str, priority: int, conditions: Condition, actions: Sequence[Action], currency: str | None
) -> dict[str, Any]:
    """Return what an order keeps of a rule."""
    return {"name": name, "priority": priority, "currency": currency, "conditions": write_condition(conditions),
            "actions": write_actions(actions)}


def _own_rule(code: Row[Any]) -> ActiveRule:
    """Return the rule that a code with a discount of its own comes to."""
    conditions: Condition = All(type="all")
    if code.min_subtotal_amount is not None:
        conditions = MinSubtotal(type="min_subtotal", amount=code.min_subtotal_amount)
    actions: tuple[Action, ...] = (_own_action(code),)
    return ActiveRule(
        id=code.id, name=code.code, priority=CODE_PRIORITY, conditions=conditions, actions=actions,
        currency=code.currency, code_id=code.id, code=code.code, is_used_up=code.is_used_up, has_rule=False,
        is_per_person=code.is_per_person,
        snapshot=snapshot_of(code.code, CODE_PRIORITY, conditions, actions, code.currency))


def _own_action(code: Row[Any]) -> Action:
    if code.type == "PERCENTAGE":
        return Percent(type="percent", percent=code.percent, cap_amount=code.max_discount_amount)
    if code.type == "FIXED":
        return Fixed(type="fixed", amount=code.amount, cap_amount=code.max_discount_amount)
    return FreeShipping(type="free_shipping", cap_amount=code.max_discount_amount)


def get_rule(session: Session, *, store_id: UUID, rule_id: UUID) -> PromotionRule:
    """Return a rule. Errors: RuleNotFound."""
    rule = session.scalar(select(PromotionRule).where(
        PromotionRule.store_id == store_id, PromotionRule.id == rule_id, PromotionRule.deleted_at.is_(None)))
    if rule is None:
        raise RuleNotFound(rule_id=rule_id)
    return rule


def list_rules(
    session: Session, *, store_id: UUID, limit: int, after: tuple[int, UUID] | None = None, status: str | None = None
) -> Sequence[PromotionRule]:
    """Return rules in the order in which they apply: by priority, then id, after the given place."""
    rule = PromotionRule
    query = select(rule).where(rule.store_id == store_id, rule.deleted_at.is_(None))
    if status is not None:
        query = query.where(rule.status == status)
    if after is not None:
        query = query.where(tuple_(rule.priority, rule.id) > after)
    return session.scalars(query.order_by(rule.priority, rule.id).limit(limit)).all()


def get_code(session: Session, *, store_id: UUID, code_id: UUID) -> DiscountCode:
    """Return a code. Errors: CodeNotFound."""
    code = session.scalar(select(DiscountCode).where(
        DiscountCode.store_id == store_id, DiscountCode.id == code_id, DiscountCode.deleted_at.is_(None)))
    if code is None:
        raise CodeNotFound(code_id=code_id)
    return code


def list_codes(
    session: Session, *, store_id: UUID, limit: int, after: UUID | None = None, rule_id: UUID | None = None,
    code: str | None = None,
) -> Sequence[DiscountCode]:
    """Return codes, oldest first; of one rule, or the one that is written so."""
    row = DiscountCode
    query = select(row).where(row.store_id == store_id, row.deleted_at.is_(None))
    if rule_id is not None:
        query = query.where(row.promotion_rule_id == rule_id)
    if code is not None:
        query = query.where(row.code == normalise_code(code))
    if after is not None:
        query = query.where(row.id > after)
    return session.scalars(query.order_by(row.id).limit(limit)).all()
