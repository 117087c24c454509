"""A section as bars, in SVG, without a library."""

from xml.sax.saxutils import escape

COLOURS = ["#1b7f5c", "#62b795", "#c8553d", "#e0987f", "#4a6fa5", "#8a8a8a", "#cfcfcf"]
WIDTH, BAR, GAP, LEFT, TOP = 760, 15, 22, 90, 64
ROOM = 130


def bars(result):
    """A group of bars for each column, each group to its own scale, the base at full width."""
    rows, columns = result.rows(), list(result.section.columns)
    height = TOP + len(columns) * (len(rows) * BAR + GAP) + (len(rows) + 1) // 2 * 18 + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="24" font-size="15" font-weight="bold">{escape(result.section.title)}</text>',
        '<text x="16" y="44" fill="#555555">Less is better. Each group has its own scale.</text>',
    ]
    y = TOP
    for column in columns:
        parts.append(f'<text x="16" y="{y + len(rows) * BAR / 2 + 4:.0f}" font-weight="bold">{escape(column)}</text>')
        parts += group(result, rows, column, y)
        y += len(rows) * BAR + GAP
    for at, row in enumerate(rows):
        x, line = 16 + at % 2 * WIDTH // 2, y + at // 2 * 18
        parts.append(f'<rect x="{x}" y="{line}" width="12" height="12" fill="{COLOURS[at % len(COLOURS)]}"/>')
        parts.append(f'<text x="{x + 18}" y="{line + 10}">{escape(row.replace("`", ""))}</text>')
    return "\n".join([*parts, "</svg>", ""])


def group(result, rows, column, y):
    medians = [result.median(row, column) for row in rows]
    # What takes many times as long as all others would make them unreadable: it is cut off, and its
    # number says so.
    base = result.median(result.section.base, column) or max(filter(None, medians))
    full = min(max(filter(None, medians)), 2 * base)
    parts = []
    for at, median in enumerate(medians):
        if median is None:
            continue
        width = (WIDTH - LEFT - ROOM) * min(median / full, 1.0)
        top = y + at * BAR
        parts.append(f'<rect x="{LEFT}" y="{top}" width="{width:.1f}" height="{BAR - 2}" '
                     f'fill="{COLOURS[at % len(COLOURS)]}"/>')
        ratio = result.ratio(rows[at], column)
        label = f"{median:.2f}" + (f" ({ratio:.2f})" if ratio is not None else "")
        cut = " …" if median > full else ""
        parts.append(f'<text x="{LEFT + width + 6:.1f}" y="{top + BAR - 4}">{label}{cut}</text>')
    return parts
