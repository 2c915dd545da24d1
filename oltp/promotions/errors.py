"""Refusals of promotions."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class RuleNotFound(NotFound):
    """There is no promotion rule {rule_id}."""


class CodeNotFound(NotFound):
    """There is no discount code {code_id}."""


class CodeRuleUnknown(Invalid):
    """There is no promotion rule {rule_id}."""


class PromotionInvalid(Invalid):
    """{reason}"""


class CodeTaken(Conflict):
    """The code {code} exists already."""


class RuleEnded(Conflict):
    """The rule {rule_id} was ended and stays so: make a new one."""


class LimitBelowUse(Conflict):
    """{field} can't be lower than what is used already, {used}."""


class PromotionUsedUp(Conflict):
    """{name} can't be used any more: its uses or its budget are gone, or it was switched off."""


class CurrencyFixed(Conflict):
    """The currency can't change any more: orders were given amounts in it."""
