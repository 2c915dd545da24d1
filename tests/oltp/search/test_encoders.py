"""Encoders: unit vectors, in the given order, the same every time; torch stays out until it is needed."""

import subprocess
import sys
from uuid import uuid4

import numpy as np
import pytest

from oltp.kit.settings import Settings
from oltp.search import encoders
from oltp.search.documents import TEMPLATE_VERSION, Document, embedding_text, search_configuration, stemmer
from oltp.search.encoders import Encoder, HashEncoder, ModelMissing, SentenceTransformerEncoder, encoder_from

TEXTS = ["a red lantern for the garden, with candle", "red lantern", "blue cotton shirt", ""]


@pytest.fixture(scope="module", params=["hash", "minilm"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return encoder_from(Settings(encoder=request.param))


def test_documents_are_unit_vectors_in_the_given_order(encoder: Encoder) -> None:
    vectors = encoder.encode_documents(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimensions) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert float(vector @ encoder.encode_query(text)) > 0.999


def test_texts_of_one_matter_are_nearer_than_others(encoder: Encoder) -> None:
    lantern, red_lantern, shirt, _ = encoder.encode_documents(TEXTS)
    assert lantern @ red_lantern > lantern @ shirt + 0.2
    assert lantern @ red_lantern > encoder.relevance_floor


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode_documents([]).shape == (0, encoder.dimensions)


def test_a_model_id_names_model_and_template(encoder: Encoder) -> None:
    name, version = encoder.model_id.rsplit("/", 1)
    assert name and version == str(TEMPLATE_VERSION)


def test_the_default_is_the_real_model_and_loads_late() -> None:
    fresh = encoder_from(Settings())
    assert isinstance(fresh, SentenceTransformerEncoder)
    assert not fresh.is_ready and fresh.dimensions == 384
    assert HashEncoder().is_ready


def test_importing_and_making_the_encoder_imports_no_torch() -> None:
    code = (
        "import sys; from oltp.kit.settings import Settings; from oltp.search.encoders import encoder_from;"
        "encoder_from(Settings()); sys.exit('torch' in sys.modules or 'sentence_transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_model_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "MODEL_WHEEL", "no_such_wheel")
    with pytest.raises(ModelMissing, match="no-such-wheel"):
        SentenceTransformerEncoder()


def test_an_embedding_text_has_no_empty_parts() -> None:
    document = Document(uuid4(), "hash", "Lantern", "", "Home > Light", "", "Warm light.")
    assert embedding_text(document) == "Lantern | Home > Light | Warm light."


@pytest.mark.parametrize(
    ("locale", "configuration", "dictionary"),
    [
        ("en", "english", "english_stem"),
        ("en_GB", "english", "english_stem"),
        ("de-AT", "german", "german_stem"),
        ("ja", "simple", "simple"),
        ("", "simple", "simple"),
        ("english", "simple", "simple"),
    ],
)
def test_a_locale_decides_the_configuration(locale: str, configuration: str, dictionary: str) -> None:
    assert search_configuration(locale) == configuration
    assert stemmer(configuration) == dictionary
