"""Carts: carts."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["carts"], route_class=KeyedRoute)
