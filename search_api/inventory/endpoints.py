"""Inventory: stock."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["inventory"], route_class=KeyedRoute)
