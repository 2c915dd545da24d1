"""Refusals of fraud."""

from oltp.kit.errors import Conflict, NotFound


class AssessmentNotFound(NotFound):
    """There is no fraud assessment {assessment_id}."""


class AlreadyReviewed(Conflict):
    """The assessment {assessment_id} was decided already; the order's newest one is {newest_id}."""


class ReviewNotNeeded(Conflict):
    """The assessment {assessment_id} approved its order: there is nothing to decide."""
