"""Pricing: prices, currency rates and taxes."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["pricing"], route_class=KeyedRoute)
