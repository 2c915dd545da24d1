"""Shipping: shipping profiles, rates, fulfilments and parcels."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["shipping"], route_class=KeyedRoute)
