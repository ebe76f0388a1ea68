"""Bars as SVG, on a logarithmic scale, readable on light and on dark pages."""

from __future__ import annotations

import math
from html import escape

WIDTH, LEFT, RIGHT, BAR, TOP = 760, 210, 60, 22, 56
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 16px; font-weight: 600 }
.value, .tick { font-size: 11px; fill: #57606a }
.line { stroke: #d0d7de }
.bar { fill: #8c959f }
.floor { fill: #57606a }
.ours { fill: #1f883d }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .value, .tick { fill: #8d96a0 } .line { stroke: #3d444d } .ours { fill: #3fb950 }
}
"""


def bars(title: str, values: dict[str, float], unit: str) -> str:
    """A bar for each value, in the given order; ours in green."""
    low = 10 ** math.floor(math.log10(min(values.values())))
    high = max(values.values())
    decades = math.log10(high / low) or 1.0
    height = TOP + BAR * len(values) + 12

    def across(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log10(value / low) / decades

    ticks = [low * 10**power for power in range(int(decades) + 1)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text class="title" x="8" y="22">{escape(title)}</text>',
        *(tick(across(value), height, f"{value:g} {unit}") for value in ticks),
        *(
            bar(name, value, LEFT, across(value), TOP + BAR * at)
            for at, (name, value) in enumerate(values.items())
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def tick(x: float, height: int, label: str) -> str:
    """A line of the grid."""
    line = f'<line class="line" x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height - 6}"/>'
    return f'{line}<text class="tick" x="{x:.1f}" y="{TOP - 10}" text-anchor="middle">{escape(label)}</text>'


def bar(name: str, value: float, left: float, right: float, y: float) -> str:
    """A bar with its name and its value."""
    kind = "ours" if name.startswith("modelstream") else "floor" if name.startswith("floor") else "bar"
    shown = f"{value:.1f}" if value < 100 else f"{value:.0f}"
    length = max(2.0, right - left)
    return (
        f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
        f'<rect class="{kind}" x="{left}" y="{y + 3}" width="{length:.1f}" height="{BAR - 8}" rx="2"/>'
        f'<text class="value" x="{left + length + 6:.1f}" y="{y + 14}">{shown}</text>'
    )
