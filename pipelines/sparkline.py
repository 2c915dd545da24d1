"""A small plot for an asset's page: one line over time, as an SVG image inside Markdown."""

from base64 import b64encode
from collections.abc import Sequence

WIDTH, HEIGHT, MARGIN = 480, 80, 4


def sparkline(title: str, values: Sequence[int]) -> str:
    """Markdown of an image that draws `values` from left (oldest) to right. Text only when there is nothing to draw."""
    if len(values) < 2:
        return f"{title}: not enough days to draw."
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#f7f7fb"/>'
           f'<polyline fill="none" stroke="#4f43dd" stroke-width="1.5" points="{_points(values)}"/></svg>')
    image = b64encode(svg.encode()).decode()
    return f"**{title}**\n\n![{title}](data:image/svg+xml;base64,{image})"


def _points(values: Sequence[int]) -> str:
    low, high = min(0, *values), max(values)
    span = (high - low) or 1
    step = (WIDTH - 2 * MARGIN) / (len(values) - 1)
    inner = HEIGHT - 2 * MARGIN
    return " ".join(f"{MARGIN + i * step:.1f},{MARGIN + inner * (high - value) / span:.1f}"
                    for i, value in enumerate(values))
