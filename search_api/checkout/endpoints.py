"""Checkout: quotes and placing of orders."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["checkout"], route_class=KeyedRoute)
