"""Promotions: promotion rules and codes."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["promotions"], route_class=KeyedRoute)
