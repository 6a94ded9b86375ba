"""Drain3 over the same contents as `templates-bench`, scored the same way: default, then with its example masks.

usage: drain3_peer.py DIR [REPEAT] [CSV-FOLDER]

DIR/<System> holds *_structured.csv with Content and EventTemplate. Prints a markdown table and lines per second of
processor time. With CSV-FOLDER, scores the `line,template_id,template` files there too: ecoops' templates by this
program's count instead of its own.
"""

import csv
import logging
import os
import re
import sys
import time
from collections import defaultdict

from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig

# The masks of the project's example configuration.
EDGE, END = r"((?<=[^A-Za-z0-9])|^)", r"((?=[^A-Za-z0-9])|$)"
MASKS = [
    (EDGE + r"(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))" + END, "ID"),
    (EDGE + r"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})" + END, "IP"),
    (EDGE + r"([0-9a-f]{6,} ?){3,}" + END, "SEQ"),
    (EDGE + r"([0-9A-F]{4} ?){4,}" + END, "SEQ"),
    (EDGE + r"(0x[a-f0-9A-F]+)" + END, "HEX"),
    (EDGE + r"([\-\+]?\d+)" + END, "NUM"),
    (r"(?<=executed cmd )(\".+?\")", "CMD"),
]


def miner(masked):
    config = TemplateMinerConfig()
    if masked:
        config.masking_instructions = [MaskingInstruction(*mask) for mask in MASKS]
    return TemplateMiner(config=config)


def score(groups, texts, truth):
    """GA, PA, FGA and FTA; `groups` and `truth` a line, `texts` a group. Texts are compared as they are."""
    of, true = defaultdict(list), defaultdict(list)
    for line, (group, template) in enumerate(zip(groups, truth)):
        of[group].append(line)
        true[template].append(line)
    lines = grouped = worded = 0
    for group, members in of.items():
        templates = {truth[line] for line in members}
        if len(templates) > 1:
            continue
        (template,) = templates
        if len(true[template]) == len(members):
            lines, grouped = lines + len(members), grouped + 1
        worded += texts[group] == template
    exact = sum(texts[group] == template for group, template in zip(groups, truth))
    both = len(of) + len(true)
    return lines / len(truth), exact / len(truth), 2 * grouped / both, 2 * worded / both


def systems(data):
    for name in sorted(os.listdir(data)):
        for file in sorted(os.listdir(os.path.join(data, name))) if os.path.isdir(os.path.join(data, name)) else []:
            if file.endswith("_structured.csv"):
                with open(os.path.join(data, name, file), encoding="utf-8", errors="replace", newline="") as text:
                    rows = list(csv.DictReader(text))
                yield name, [row["Content"] for row in rows], [row["EventTemplate"] for row in rows]


def drain3(contents, masked):
    parser = miner(masked)
    groups = [parser.add_log_message(line)["cluster_id"] for line in contents]
    wild = re.compile("<(ID|IP|SEQ|HEX|NUM|CMD)>")
    return groups, {c.cluster_id: wild.sub("<*>", c.get_template()) for c in parser.drain.clusters}


def written(folder, name, _):
    with open(os.path.join(folder, name + ".csv"), encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    return [row["template_id"] for row in rows], {row["template_id"]: row["template"] for row in rows}


def main():
    data, repeat = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    logging.disable(logging.CRITICAL)
    read = list(systems(data))
    ways = [("Drain3", lambda _, c: drain3(c, False)), ("Drain3 with masks", lambda _, c: drain3(c, True))]
    if len(sys.argv) > 3:
        ways.append(("ecoops", lambda name, c: written(sys.argv[3], name, c)))
    print("| | GA | PA | FGA | FTA | lines/s of processor time |\n|---|---|---|---|---|---|")
    for way, mine in ways:
        scores = [score(*mine(name, contents), truth) for name, contents, truth in read]
        means = " | ".join(f"{sum(column) / len(column):.3f}" for column in zip(*scores))
        speed = "see above"
        if way != "ecoops":
            parsers = [(miner(way.endswith("masks")), contents) for _, contents, _ in read]
            begin = time.process_time()
            for parser, contents in parsers:
                for _ in range(repeat):
                    for line in contents:
                        parser.add_log_message(line)
            seconds = time.process_time() - begin
            speed = f"{repeat * sum(len(c) for _, c in parsers) / seconds:.0f}"
        print(f"| {way} | {means} | {speed} |")


main()
