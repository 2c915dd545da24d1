"""Payments: payments, refunds and gateway callbacks."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["payments"], route_class=KeyedRoute)
