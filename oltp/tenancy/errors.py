"""Refusals of tenancy."""

from oltp.kit.errors import Invalid, LimitReached, NotFound


class StoreNotFound(NotFound):
    """There is no such store."""


class FlagUnknown(Invalid):
    """There is no flag {name!r}; there are: {known}."""


class SellingSettingUnknown(Invalid):
    """There is no setting {name!r} of selling; there are: {known}."""


class PlanLimitReached(LimitReached):
    """The plan {plan} allows {limit} {what}, and they are used up."""


class PlanNotUsable(LimitReached):
    """The store's subscription is {status}: it takes no new orders and products until it is paid for again."""
