"""Answers about health."""

from typing import Literal

from pydantic import BaseModel, Field


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """Whether requests can be served, and what is missing if not."""

    status: Literal["ready", "not_ready"]
    missing: list[str] = Field(description="What is missing, in words; empty when ready.")
    details: dict[str, str | int | bool | None]
