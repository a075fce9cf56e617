"""Sums the amounts of a CSV file by region."""
import csv
import os
import sys

totals = {}
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        totals[row["region"]] = totals.get(row["region"], 0) + int(row["amount"])

print(os.environ.get("REPORT_TITLE", "Report"))
for region in sorted(totals):
    print(f"{region:8} {totals[region]:6}")
