"""Fraud: fraud assessments."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["fraud"], route_class=KeyedRoute)
