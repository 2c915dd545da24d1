"""Synonyms: words that shoppers use for one another, by language. Written closed: "tlight" also stands for T-LIGHT."""

_ENGLISH = (
    ("candle", "tealight", "tlight"),
    ("sofa", "couch"),
    ("torch", "flashlight"),
    ("jumper", "sweater", "pullover"),
    ("trainers", "sneakers"),
    ("trousers", "pants"),
    ("tshirt", "tee"),
    ("purse", "wallet"),
    ("handbag", "purse"),
    ("duvet", "comforter"),
    ("cushion", "pillow"),
    ("curtain", "drape"),
    ("wardrobe", "closet"),
    ("rug", "carpet"),
    ("jewellery", "jewelry"),
    ("headphones", "earphones", "earbuds"),
    ("mobile", "phone", "smartphone"),
    ("notebook", "laptop"),
    ("television", "tv"),
)
_GERMAN = (
    ("sofa", "couch"),
    ("teelicht", "kerze"),
    ("handy", "smartphone", "mobiltelefon"),
    ("kopfhörer", "ohrhörer"),
    ("pullover", "pulli"),
    ("turnschuhe", "sneaker"),
    ("fernseher", "tv"),
)
_GROUPS = {"english": _ENGLISH, "german": _GERMAN}


def synonyms_of(word: str, configuration: str) -> list[str]:
    """Return other words for `word` (as it is written, lower case) in the language of a search configuration."""
    groups = [group for group in _GROUPS.get(configuration, ()) if word in group]
    return sorted({other for group in groups for other in group} - {word})
