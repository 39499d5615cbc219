#!/usr/bin/env python3
"""A task in Python: a JSON array of numbers on standard input, a JSON object on standard output."""
import json
import os
import statistics
import sys

try:
    numbers = [float(x) for x in json.load(sys.stdin)]
except (TypeError, ValueError) as error:
    sys.exit(f"expected a JSON array of numbers: {error}")  # on standard error; exit code 1: retried
if not numbers:
    print("no numbers", file=sys.stderr)
    sys.exit(os.EX_DATAERR)  # 64 and 65: the arguments are at fault, no other attempt is made

json.dump(
    {
        "n": len(numbers),
        "mean": statistics.fmean(numbers),
        "median": statistics.median(numbers),
        "deviation": statistics.pstdev(numbers),
    },
    sys.stdout,
)
