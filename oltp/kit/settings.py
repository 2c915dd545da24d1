"""Settings: one frozen value, read from the environment at the entrances and handed down."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that can be set from outside, each as STORMCOM_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="STORMCOM_", frozen=True, extra="ignore")

    home: Path = Field(default=Path(".stormcom"), description="Folder that holds all local state.")
    database_url: str | None = Field(
        default=None, description="Any Postgres 18 with pgvector; without it an embedded server is started."
    )
    api_port: int = Field(default=8000, ge=1, le=65535)
    api_workers: int = Field(
        default=1, ge=1, le=64,
        description="Processes that serve the API on its port; each holds the text encoder in memory once.",
    )
    dagster_port: int = Field(default=3000, ge=1, le=65535)
    encoder: Literal["minilm", "hash"] = Field(
        default="minilm", description="Text encoder: the real model, or a hash for tests."
    )
    lake_threads: int | None = Field(
        default=None, ge=1, description="Threads that a materialization computes with; without it, one per processor."
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Keys that secrets in the database are sealed with, 32 bytes each in base64, the newest first; "
        "without it, the file secret-key in the home folder.",
    )
    gateway: Literal["real", "fake"] = Field(
        default="real", description="Who is paid: the stores' own accounts, or a fake gateway that moves no money."
    )
    fake_gateway_book: Path | None = Field(
        default=None, description="File in which the fake gateway keeps its book; without it, in memory."
    )
    stripe_url: str | None = Field(default=None, description="Another server than Stripe's own, for tests.")
    rates_url: str | None = Field(
        default=None,
        description="Where the worker gets the ECB's daily rates, e.g. "
        "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml or file:///…; without it, it gets none.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def home_path(self) -> Path:
        """The home folder as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def lake_path(self) -> Path:
        """Where the lake keeps its Parquet files."""
        return self.home_path / "lake" / "files"
