"""The registry of models, in an order in which each comes after those it reads."""

from warehouse.mart_models import MART_MODELS
from warehouse.model import Model
from warehouse.staging_models import STAGING_MODELS

MODELS: dict[str, Model] = {model.full_name: model for model in (*STAGING_MODELS, *MART_MODELS)}
STAGING: tuple[str, ...] = tuple(model.name for model in STAGING_MODELS)
MARTS: tuple[str, ...] = tuple(model.name for model in MART_MODELS)
