"""Words for the electronics shop: brands, model names, colours and closing sentences."""

from stormcom.demo.catalogue.electronics_accessories import ACCESSORIES
from stormcom.demo.catalogue.electronics_devices import DEVICES
from stormcom.demo.words import ShopWords

# One kind is one paragraph: the formatter would spread it over two screens.
# fmt: off

ELECTRONICS = ShopWords(
    sku_prefix="EL",
    brands=(
        ("Lumora", "Cameras and optics made in small series since 1958."),
        ("Optivane", "Compact imaging for people who walk."),
        ("Harken Audio", "Loudspeaker makers from a former boat shed."),
        ("Northbeam", "Screens and sound for calm living rooms."),
        ("Kestrel", "Light, repairable computers and accessories."),
        ("Voltana", "Power and charging, tested for ten years of use."),
        ("Quillon", "Keyboards, mice and pens for those who write."),
        ("Tidewell", "Outdoor electronics that may get wet."),
    ),
    makers={
        "Cameras": ("Lumora", "Optivane", "Tidewell"), "Audio": ("Harken Audio", "Northbeam", "Tidewell"),
        "TV and home cinema": ("Northbeam", "Harken Audio"), "Computers": ("Kestrel", "Quillon", "Northbeam"),
        "Wearables": ("Tidewell", "Kestrel"), "Power": ("Voltana", "Kestrel"), "Phones": ("Voltana", "Optivane"),
    },
    models=(
        "Aster", "Vireo", "Caldera", "Onyx 2", "Meridian", "Lark", "Solace", "Tempo", "Fjord", "Ember", "Halcyon",
        "Pico", "Summit", "Drift", "Orbit 3", "Willow", "Atlas", "Nimbus", "Rook", "Sable", "Cobalt", "Juniper",
        "Quartz", "Echo 5", "Arrow", "Zenith", "Marlin", "Prism", "Linnet", "Vega", "Harbour", "Comet", "Flint",
        "Saga", "Breeze",
        "Tern",
    ),
    colours=("black", "silver", "graphite", "white", "midnight blue", "sand"),
    closings=(
        "Comes with a two-year warranty and spare parts for seven.",
        "The box is plastic-free, and the manual is four honest pages.",
        "Our workshop repairs it, also after the warranty has ended.",
        "Chosen by our staff after a month of daily use at home.",
        "A sensible gift for someone who likes things that last.",
        "Firmware updates are free and need no account.",
        "In {colour}, with a finish that hides small scratches.",
        "Return it within thirty days if it does not suit you.",
    ),
    kinds=DEVICES + ACCESSORIES,
)
