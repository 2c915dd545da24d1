"""Words for the fashion shop: small accessories, brands, model names, colours and closing sentences."""

from stormcom.demo.catalogue.fashion_kinds import FASHION_KINDS
from stormcom.demo.words import Kind, ShopWords

# One kind is one paragraph: the formatter would spread it over two screens.
# fmt: off

SMALL_KINDS: tuple[Kind, ...] = (
    Kind(
        "gloves", ("Accessories", "Scarves, hats and gloves"), "Gloves", (2900, 9900), 0.5,
        {"material": ("Wool", "Suede", "Deerskin", "Nappa leather"), "lining": ("unlined", "silk lined",
        "cashmere lined")},
        "{material} gloves, {lining}, in {colour}",
        ("The {brand} {model} are gloves with a fine fit for handlebars, steering wheels and cold hands to hold.",
         "Warm fingers, easy grip: the {brand} {model} make bus stops in January bearable."),
        ("{material} is cut by hand and sewn with small stitches.",
         "They are {lining} and keep the shape of your hand.",
         "Thumb and forefinger work on a phone.",
         "Long cuffs slide under a coat sleeve."),
        "Size", (("7", 0), ("8", 0), ("9", 0)), ("wool-scarf", "wool-coat"), ("winter gloves", "leather gloves")),
    Kind(
        "silk-scarf", ("Accessories", "Scarves, hats and gloves"), "Silk Scarf", (3900, 13900), 0.5,
        {"size": ("55 cm", "70 cm", "90 cm", "120 cm"), "print": ("botanical", "nautical", "geometric")},
        "{size} silk twill square, {print} print, {colour}",
        ("Knot the {brand} {model} at the neck, in the hair or on a handle, and a plain day has colour.",
         "The {brand} {model} is a printed silk square that folds into a pocket and out into an outfit."),
        ("The {print} print was drawn in ink and screen-printed near Como.",
         "Its {size} sides are rolled and sewn by hand.",
         "Heavy twill keeps a knot and glows in the light.",
         "It comes in a flat box that is ready to give."),
        "", (), ("silk-blouse", "tote-bag", "earrings"), ("neck scarf", "silk square", "gift for her")),
    Kind(
        "earrings", ("Accessories", "Jewellery"), "Earrings", (2400, 14900), 0.6,
        {"metal": ("Brass", "Sterling silver", "Gold vermeil", "Solid gold"), "shape": ("hoop", "drop", "stud")},
        "{metal} {shape} earrings",
        ("The {brand} {model} are small earrings with a hammered shine that catch candlelight across a table.",
         "Light enough to sleep in, the {brand} {model} suit bare necks and thick scarves."),
        ("They are made of {metal} and free of nickel.",
         "The {shape} form was modelled in wax, so no two pairs match exactly.",
         "A safe catch keeps them on when you pull off a jumper.",
         "A linen pouch keeps them bright."),
        "", (), ("silk-blouse", "silk-scarf"), ("silver earrings", "gold hoops", "jewellery gift")),
    Kind(
        "tights", ("Accessories", "Socks and tights"), "Tights", (1200, 3900), 0.6,
        {"weight": ("20 denier", "40 denier", "80 denier", "Merino"), "waist": ("soft", "high", "shaping")},
        "{weight} tights with a {waist} waistband, {colour}",
        ("The {brand} {model} are tights that resist rings, chair edges and impatient mornings.",
         "Warm or sheer, the {brand} {model} stay where they are until you take them off."),
        ("The {weight} knit is even and matt.",
         "A {waist} waistband does not roll or cut in.",
         "Flat toes vanish in open shoes.",
         "The yarn is spun from old fishing nets."),
        "Size", (("S", 0), ("M", 0), ("L", 0)), ("midi-skirt", "ankle-boots", "knit-dress"),
        ("black tights", "warm tights")),
    Kind(
        "shoe-care", ("Accessories", "Shoe care"), "Shoe Care Set", (1400, 5900), 0.5,
        {"pieces": ("Three-piece", "Five-piece", "Seven-piece"), "wax": ("beeswax", "carnauba wax", "lanolin")},
        "{pieces} set for leather and suede with {wax}",
        ("The {brand} {model} brings tired leather back: brush, feed, shine and go.",
         "Ten minutes with the {brand} {model} add years to boots, belts and bags."),
        ("Cream with {wax} feeds the hide and seals it against rain.",
         "The brush has horsehair that lifts dust without a scratch.",
         "A {pieces} tin holds everything in a drawer.",
         "It suits every colour, with a soft rubber for suede."),
        "", (), ("ankle-boots", "sneakers", "leather-belt"), ("leather care", "boot polish", "suede brush")),
)

FASHION = ShopWords(
    sku_prefix="FA",
    brands=(
        ("Maren & Holt", "Linen and wool from the coast."),
        ("Atelier Brume", "Dresses and silk, cut in Lyon."),
        ("Kaskade", "Weather clothes for cities."),
        ("Ferro Denim", "Jeans and canvas from Prato."),
        ("Linnea", "Soft knits in small runs."),
        ("Cobbler Row", "Shoes that can be resoled."),
        ("Oststrand", "Bags and belts with a lifelong repair card."),
    ),
    makers={
        "Women": ("Maren & Holt", "Atelier Brume", "Linnea", "Kaskade"),
        "Men": ("Maren & Holt", "Ferro Denim", "Linnea", "Kaskade"), "Shoes": ("Cobbler Row", "Oststrand", "Kaskade"),
        "Accessories": ("Oststrand", "Linnea", "Cobbler Row", "Kaskade"),
    },
    models=(
        "Alma", "Bente", "Clara", "Dorothea", "Elin", "Frida", "Greta", "Hedda", "Ida", "Juna", "Kaia", "Lotte", "Mina",
        "Nora", "Olea", "Pia", "Rieke", "Sanna", "Tilda", "Una", "Vera", "Wilma", "Anton", "Bruno", "Carl", "Emil",
        "Falk", "Gustav", "Henrik", "Jasper", "Kilian", "Leo", "Matti", "Oskar", "Ruben", "Theo",
    ),
    colours=("ecru", "navy", "olive", "rust red", "black", "sky blue", "camel", "bottle green", "burgundy",
    "off-white"),
    closings=(
        "Made in small batches, and we say where.",
        "Wash cold, dry in the shade, and it keeps its {colour}.",
        "If the size is wrong, the exchange is free.",
        "Our model is 176 cm tall and wears size M.",
        "It arrives in paper, with a card that tells who sewed it.",
        "Pairs well with everything you already own in {colour}.",
        "Send it back in ten years and we will mend it.",
        "Certified fabric, fair wages, no plastic hangers.",
    ),
    kinds=FASHION_KINDS + SMALL_KINDS,
)
