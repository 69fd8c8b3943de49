#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ratios [--self-test]: compares what bench/launch has measured with what it has measured before, as ratios to bwrap.

Each run is divided by bwrap's of the same round, so whatever the machine did at that moment is in both. The median of these is what
docs/benchmarks.json is compared with, and beside it the ratio of the lower quartiles, which other work on the machine
disturbs least: a launch that costs more makes both larger, a busy machine mostly the first. So only what is too much by both counts."""
import statistics, sys

CHECKED = ("launch", "run", "run-private")
WHAT = ("first", "end")
TOLERANCE = 0.15


def of(runs):
    """{case: {"first": (median of the ratios, ratio of lower quartiles), "end": the same}} of what bench/launch's time_cases has."""
    rows = {}
    for name in CHECKED:
        rows[name] = {}
        for what in WHAT:
            mine, peer = runs[name][what], runs["bwrap"][what]
            quarters = [statistics.quantiles(values, n=4)[0] for values in (mine, peer)]
            rows[name][what] = (statistics.median(a / b for a, b in zip(mine, peer, strict=True)), quarters[0] / quarters[1])
    return rows


def compare(found, kept):
    """[(case, what, found by the kinder of both, kept)] of what is slower than @kept, "times" of docs/benchmarks.json, by more than TOLERANCE."""
    return [(name, what, min(found[name][what]), kept[name][what]["ratio"]) for name in CHECKED for what in WHAT
            if min(found[name][what]) > kept[name][what]["ratio"] * (1 + TOLERANCE)]


def table(found, kept):
    lines = [f"{'× bwrap':12}{'what':7}{'median':>8}{'quartile':>10}{'kept':>7}"]
    lines += [f"{name:12}{what:7}{found[name][what][0]:8.2f}{found[name][what][1]:10.2f}{kept[name][what]['ratio']:7.2f}"
              for name in CHECKED for what in WHAT]
    return "\n".join(lines)


def self_test():
    kept = {name: {what: {"ratio": 2.0} for what in WHAT} for name in CHECKED}

    def measured(factor, busy=lambda i: 1.0, both=lambda i: 1.0):
        peer = {what: [6.0 * both(i) for i in range(40)] for what in WHAT}
        mine = {what: [6.0 * factor * both(i) * busy(i) for i in range(40)] for what in WHAT}
        return of({"bwrap": peer, **{name: mine for name in CHECKED}})

    rows = [  # what is said of it, what was measured, how many are too slow
        ("as kept", measured(2.0), 0),
        ("14 % more", measured(2.28), 0),
        ("16 % more", measured(2.32), 6),
        ("faster", measured(1.0), 0),
        ("a machine that is four times as slow for a while, for both", measured(2.0, both=lambda i: 4.0 if i > 20 else 1.0), 0),
        ("16 % more on such a machine", measured(2.32, both=lambda i: 4.0 if i > 20 else 1.0), 6),
        ("something beside that hits every second launch", measured(2.0, busy=lambda i: 1.0 + i % 2), 0),
        ("16 % more beside something that hits every second", measured(2.32, busy=lambda i: 1.0 + i % 2), 6),
    ]
    for text, found, slower in rows:
        if len(compare(found, kept)) != slower:
            sys.exit(f"ratios: {text}: {compare(found, kept)}")
    print(f"{len(rows)} cases as they should be")


if __name__ == "__main__":
    if sys.argv[1:] != ["--self-test"]:
        sys.exit(__doc__)
    self_test()
