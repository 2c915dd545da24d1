"""Answers and bodies about fraud."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from oltp.fraud.models import FraudAssessment
from search_api.schemas import Body

Decision = Literal["approve", "review", "decline"]
ReviewDecision = Literal["approve", "decline"]


class Features(BaseModel):
    """What was known of the order when it was placed; counts are of the 24 hours before, amounts in minor units."""

    amount: int
    person_order_count: int
    ip_order_count: int
    ip_person_count: int
    retry_count: int
    is_first_order: bool
    person_mean_amount: int | None
    store_mean_amount: int | None
    store_sample_count: int
    is_other_country: bool
    is_new_address: bool


class Assessment(BaseModel):
    """One decision about an order; the newest one is in force."""

    id: UUID
    order_id: UUID
    rules_version: str
    score: int = Field(description="0 to 100: from 40 on a person decides, from 80 on it is declined.")
    decision: Decision = Field(description="What the rules said. `review` and `decline` hold the order.")
    reasons: list[str]
    features: Features
    assessed_at: datetime
    reviewed_at: datetime | None = Field(description="When a person decided; null where the rules did.")
    review_decision: ReviewDecision | None


class Review(Body):
    """What a person decides about a held order."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"decision": "approve"}]})

    decision: ReviewDecision


def assessment_answer(row: FraudAssessment) -> Assessment:
    """Return the answer's form of a decision."""
    known = {"amount": 0, "person_order_count": 0, "ip_order_count": 0, "ip_person_count": 0, "retry_count": 0,
             "is_first_order": False, "person_mean_amount": None, "store_mean_amount": None, "store_sample_count": 0,
             "is_other_country": False, "is_new_address": False, **row.features}
    return Assessment.model_validate({
        "features": known, **{name: getattr(row, name) for name in Assessment.model_fields if name != "features"}})
