"""Refusals of subscriptions."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class SubscriptionNotFound(NotFound):
    """There is no subscription {subscription_id}."""


class SubscriberUnknown(Invalid):
    """There is no customer {customer_id}."""


class SubscriptionAccountUnknown(Invalid):
    """There is no payment provider config {config_id}."""


class SubscriptionEnded(Conflict):
    """The subscription {subscription_id} has ended: start a new one."""


class StartTooFar(Invalid):
    """A subscription starts at most {days} days from now, and not before."""
