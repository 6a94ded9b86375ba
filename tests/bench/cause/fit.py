#!/usr/bin/env python3
"""Fits the weights of the root-cause engine on what `cause-bench --strengths` prints, and reports them held out.

Usage: fit.py STRENGTHS.jsonl [PENALTY]; needs numpy and scipy. A multinomial logit over the services and "none
of them"; the penalty pulls the logarithms of the weights towards a common guess.
"""
import json
import sys

import numpy as np
from scipy.optimize import minimize

KINDS = ["resource", "slow", "failing", "divergence", "silence", "turn", "own time", "event", "missing", "other"]
GUESS = np.array([6, 6, 8, 8, 6, 6, 6, 6, 4, 1.4])
FAMILIES = ("change", "petshop", "sockshop", "nezha")


def case(line):
    entry = json.loads(line)
    names = [name for name, _ in entry["services"]]
    table = [[dict(clues).get(kind, 0.0) for kind in KINDS] for _, clues in entry["services"]]
    if entry["truth"] is None:
        right = len(names)
    else:
        right = names.index(entry["truth"]) if entry["truth"] in names else None
    return entry["set"], np.array(table).reshape(-1, len(KINDS)), right, float(entry["unconfirmed"])


def log_shares(theta, table, unconfirmed):
    scores = np.append(table @ np.exp(theta[:-2]), theta[-2] + theta[-1] * unconfirmed)
    scores -= scores.max()
    return scores - np.log(np.exp(scores).sum())


def fit(cases, penalty):
    def loss(theta):
        missed = -sum(log_shares(theta, t, u)[right] for _, t, right, u in cases if right is not None)
        pull = penalty * ((theta[:-2] - np.log(GUESS)) ** 2).sum()
        return missed + pull + 0.02 * (theta[-2] - 2) ** 2 + 0.05 * theta[-1] ** 2

    return minimize(loss, np.append(np.log(GUESS), [2.0, 0.0]), method="L-BFGS-B").x


def outcomes(theta, cases):
    for name, table, right, unconfirmed in cases:
        shares = np.exp(log_shares(theta, table, unconfirmed))
        order = list(np.argsort(-shares[:-1], kind="stable"))
        rank = order.index(right) + 1 if right is not None and right < len(order) else 0
        yield name, rank, (shares[:-1].max() if len(order) else 0.0)


def report(title, results):
    print(f"\n{title}\n")
    print("| set | bundles | @1 | @3 | cause found |\n|---|---|---|---|---|")
    for name in sorted({name for name, _, _ in results}):
        of = [(rank, top) for other, rank, top in results if other == name]
        within = [sum(0 < rank <= most for rank, _ in of) / len(of) for most in (1, 3)]
        print(f"| {name} | {len(of)} | {within[0]:.2f} | {within[1]:.2f} | {sum(top >= 0.5 for _, top in of)} |")
    error = np.mean([(top - (rank == 1)) ** 2 for _, rank, top in results])
    print(f"\nBrier score {error:.3f}")


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        cases = [case(line) for line in lines]
    penalty = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    theta = fit(cases, penalty)
    for kind, weight in zip(KINDS, np.exp(theta[:-2])):
        print(f"{kind}: {weight:.1f}")
    print(f"none of them: {theta[-2]:.1f}, unconfirmed: {theta[-1]:+.1f}")
    report("All at once", list(outcomes(theta, cases)))
    order = np.random.RandomState(1).permutation(len(cases))
    folded = []
    for part in range(8):
        held = set(order[part::8])
        theta = fit([c for at, c in enumerate(cases) if at not in held], penalty)
        folded += outcomes(theta, [cases[at] for at in held])
    report("Held out, an eighth at a time", folded)
    left = []
    for family in FAMILIES:
        theta = fit([c for c in cases if family not in c[0]], penalty)
        left += outcomes(theta, [c for c in cases if family in c[0]])
    report("Held out, a whole family of sets at a time", left)


if __name__ == "__main__":
    main()
