"""Candidates: rules as the interpreter takes them, though they are not switched on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from oltp.promotions.actions import draft_rule
from oltp.promotions.errors import PromotionInvalid
from oltp.promotions.models import PromotionRule
from oltp.promotions.queries import get_rule
from oltp.promotions.stacking import ActiveRule
from oltp.promotions.written import parse_actions, parse_conditions


def find_candidate(
    session: Session, *, store_id: UUID, rule_id: UUID | None, fields: Mapping[str, Any] | None, at: datetime
) -> ActiveRule:
    """Return a rule for a what-if: one that is kept, or one that only `fields` describe.

    Errors: RuleNotFound, PromotionInvalid.
    """
    if (rule_id is None) == (fields is None):
        raise PromotionInvalid(field="rule", reason="give exactly one of rule_id and rule")
    row = (get_rule(session, store_id=store_id, rule_id=rule_id) if rule_id is not None
           else draft_rule(session, store_id=store_id, fields=fields or {}, at=at))
    return candidate_of(row)


def candidate_of(rule: PromotionRule) -> ActiveRule:
    """Return a rule with its whole budget, whatever its state. Errors: PromotionInvalid."""
    conditions = parse_conditions(rule.conditions, currency=rule.currency or "USD")
    actions = parse_actions(rule.actions, currency=rule.currency or "USD")
    return ActiveRule(
        id=rule.id, name=rule.name, priority=rule.priority, conditions=conditions, actions=actions,
        currency=rule.currency, stack_group=rule.stack_group, is_stackable=rule.is_stackable,
        is_exclusive=rule.is_exclusive, is_last=rule.is_last, budget_left=rule.budget_amount)
