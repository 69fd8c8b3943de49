# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bar chart of what bench/launch has measured, as SVG without anybody's help."""
from html import escape

LABELS, WIDTH, BAR, ROW, TOP = 250, 760, 11, 38, 52
OURS = ("launch", "run", "run-private", "launch-prepared", "run-prepared", "exec")
COLOURS = {True: ("#1a5fb4", "#99c1f1"), False: ("#5e5c64", "#c0bfbc")}


def tick_step(longest):
    step = 1
    while longest / step > 8:
        step *= 5 if str(step)[0] == "1" else 2
    return step


def draw(result):
    rows = result["times"]
    longest = max(row["end"]["upper_quartile"] for row in rows.values()) * 1.12
    height = TOP + ROW * len(rows) + 34
    scale = (WIDTH - LABELS - 20) / longest
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
           f'<title>From start to first output and to end, medians of {result["rounds"]}</title>',
           f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
           f'<text x="10" y="20" font-size="14" font-weight="bold">From start to first output (dark) and to end (light), in ms</text>',
           f'<text x="10" y="37" fill="#5e5c64">medians of {result["rounds"]}, lines: quartiles; Linux {escape(result["machine"]["kernel"])}, '
           f'{escape(result["machine"]["processor"])}</text>']
    step = tick_step(longest)
    for tick in range(0, int(longest) + 1, step):
        x = LABELS + tick * scale
        out.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{height - 28}" stroke="#deddda"/>')
        out.append(f'<text x="{x:.1f}" y="{height - 12}" text-anchor="middle" fill="#5e5c64">{tick}</text>')
    for number, (name, row) in enumerate(rows.items()):
        y = TOP + ROW * number + 6
        out.append(f'<text x="{LABELS - 8}" y="{y + 15}" text-anchor="end">{escape(row["title"])}</text>')
        for what, offset, colour in zip(("first", "end"), (0, BAR + 2), COLOURS[name in OURS]):
            value = row[what]
            middle = y + offset + BAR / 2
            out.append(f'<rect x="{LABELS}" y="{y + offset}" width="{value["median"] * scale:.1f}" height="{BAR}" fill="{colour}"/>')
            out.append(f'<line x1="{LABELS + value["lower_quartile"] * scale:.1f}" y1="{middle}" '
                       f'x2="{LABELS + value["upper_quartile"] * scale:.1f}" y2="{middle}" stroke="#000000"/>')
            out.append(f'<text x="{LABELS + value["upper_quartile"] * scale + 4:.1f}" y="{y + offset + BAR - 1}" font-size="10">'
                       f'{value["median"]:.2f}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
