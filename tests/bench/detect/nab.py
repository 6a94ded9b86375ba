#!/usr/bin/env python3
"""The NAB score of scored CSV files, written apart from the bench's: nab.py WINDOWS.json FOLDER

FOLDER holds the files that WINDOWS.json names, as `ecoops signals detect --output csv` writes them. Follows the sweep of
the benchmark's own scorer: rows sorted by score, one running sum for each window and one for false alarms.
"""
import csv
import json
import math
import sys
from pathlib import Path

PROFILES = {"standard": (1, 0.11, 1), "low false alarms": (1, 0.22, 1), "low misses": (1, 0.11, 2)}


def scaled_sigmoid(position):
    return -1.0 if position > 3 else 2 / (1 + math.exp(5 * position)) - 1


def rows_of(path, windows, weights):
    """(score, window or None, weighted worth) of each row after the probation."""
    found, false_alarm, _ = weights
    with open(path, newline="") as file:
        table = list(csv.DictReader(file))
    stamps = [row["timestamp"].split(".")[0] for row in table]
    limits = [(stamps.index(a.split(".")[0]), stamps.index(b.split(".")[0])) for a, b in windows]
    probation = min(math.floor(0.15 * len(table)), 0.15 * 5000)
    current = previous = None
    for i, row in enumerate(table):
        if limits and i == limits[0][0]:
            current = (len(windows) - len(limits), *limits.pop(0))
        if current is not None:
            number, left, right = current
            worth = scaled_sigmoid(-(right - i + 1) / (right - left + 1)) * found / scaled_sigmoid(-1)
        else:
            number = None
            past = None if previous is None else (i - previous[2]) / (previous[2] - previous[1])
            worth = (-1.0 if past is None else scaled_sigmoid(past)) * false_alarm
        if i >= probation:
            yield float(row["anomaly_score"]), number, worth
        if current is not None and i == current[2]:
            previous, current = current, None


def best(windows, folder, weights):
    found, _, missed = weights
    rows = [(s, (name, w), v) for name in windows for s, w, v in rows_of(folder / name, windows[name], weights)]
    rows.sort(key=lambda row: -row[0])
    count = sum(map(len, windows.values()))
    parts = {(name, i): -missed for name in windows for i in range(len(windows[name]))}
    total, best_total, threshold = -missed * count, -missed * count, math.inf
    for i, (score, window, worth) in enumerate(rows):
        if window[1] is None:
            total += worth
        elif worth > parts[window]:
            total += worth - parts[window]
            parts[window] = worth
        if (i + 1 == len(rows) or rows[i + 1][0] != score) and total > best_total:
            best_total, threshold = total, score
    return 100 * (best_total + missed * count) / ((found + missed) * count), threshold


if __name__ == "__main__":
    corpus = json.loads(Path(sys.argv[1]).read_text())
    for profile, weights in PROFILES.items():
        score, threshold = best(corpus, Path(sys.argv[2]), weights)
        print(f"{profile}: {score:.1f} at {threshold:.3f}")
