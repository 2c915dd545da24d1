"""Refusals of customers, segments and custom fields."""

from oltp.kit.errors import Conflict, Invalid, NotFound


class CustomerNotFound(NotFound):
    """There is no customer {customer_id}."""


class EmailTaken(Conflict):
    """Another customer has the e-mail {email} already."""


class SegmentNotFound(NotFound):
    """There is no customer segment {segment_id}."""


class SegmentSlugTaken(Conflict):
    """Another segment has the slug {slug} already."""


class SegmentHasRule(Conflict):
    """The segment {segment_id} has a rule: its members are not chosen by hand."""


class SegmentByHand(Conflict):
    """The segment {segment_id} is filled by hand: it can't get a rule. Make another one."""


class MembersUnknown(Invalid):
    """There is no customer {customer_id}."""


class RuleInvalid(Invalid):
    """The rule is not valid: {reason}."""


class FieldNotFound(NotFound):
    """There is no custom field {field_id}."""


class FieldKeyTaken(Conflict):
    """Another custom field has the key {key} already."""


class ChoicesMissing(Invalid):
    """A field of the kind choice needs choices, each once; others have none."""


class ChoiceInUse(Conflict):
    """The choice {choice!r} is in use: it can't be taken away."""


class FieldUnknown(Invalid):
    """There is no custom field {key!r}."""


class ValueInvalid(Invalid):
    """The value of {key!r} must be {expected}."""


class ValueRequired(Invalid):
    """The custom field {key!r} is required."""


class FieldInUse(Conflict):
    """The rule of the segment {segment} asks for the custom field {key!r}: change the rule first."""
