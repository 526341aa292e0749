#!/usr/bin/env python3
"""An independent recount of a FOCUS file: what each customer owes for a month, exactly.

    recount.py FILE [YYYY-MM]

Prints a JSON object of customer key to the exact sum of BilledCost, as plain digits without
trailing zeros, over the rows whose charge period starts in the month (all rows without one). Nothing
here shares code with the importer: the csv module, fractions, and the rules as they are documented.
"""

import csv
import gzip
import json
import sys
from decimal import Decimal
from fractions import Fraction

csv.field_size_limit(1 << 20)


def null(value):
    return value in ("", "NULL")


def first(row, *columns):
    return next(row[c] for c in columns if c in row and not null(row[c]))


def digits(figure):
    """A fraction of which the denominator divides a power of ten, as plain digits."""
    scale = 0
    while figure.denominator != 1:
        figure *= 10
        scale += 1
    sign, text = ("-" if figure < 0 else ""), str(abs(figure.numerator)).rjust(scale + 1, "0")
    return sign + (text[:-scale] + "." + text[-scale:] if scale else text)


def recount(path, month=None):
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    opener = gzip.open if packed else open
    sums = {}
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if month and not row["ChargePeriodStart"].startswith(month + "-"):
                continue
            key = ":".join(
                (first(row, "ProviderName", "ServiceProviderName"), first(row, "SubAccountId", "BillingAccountId"))
            )
            sums[key] = sums.get(key, Fraction(0)) + Fraction(Decimal(row["BilledCost"]))
    return {key: digits(figure) for key, figure in sorted(sums.items())}


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    print(json.dumps(recount(*sys.argv[1:]), indent=1))
