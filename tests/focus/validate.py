"""Holds a FOCUS export against the published validator: `python validate.py export.csv`.

Run it with a Python that has what `requirements.txt` names. Exit code 0: the export passed; 1: it did not,
or the validator is not as it is known to be. The validator itself exits with 0 whatever it finds, so its
report is read, and a canary (a copy of the export with mistakes) must fail in it.
"""

import csv
import subprocess
import sys
import sysconfig
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
RULES = 133
# Columns whose rules are overridden, under the names that FOCUS gives them.
RENAMED = ["InvoiceIssuerName", "ProviderName", "PublisherName", "ResourceId"]
# Mistakes for the first row of a copy, by the rules that must find them.
CANARY = {
    "BilledCost_NotNull": ("BilledCost", ""),
    "BillingCurrency_IsCurrencyCode": ("BillingCurrency", "Taler"),
    "ChargePeriodStart_IsDateTime": ("ChargePeriodStart", "2026-11-01"),
    "ServiceCategory_Enum": ("ServiceCategory", "Miscellaneous"),
    "ListCost_IsDecimal": ("ListCost", "EUR 5"),
}


def verdicts(export):
    """What the validator says of each of its rules: `passed`, `failed`, `skipped` or `errored`."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "focus_validator.main", "--validate-version", "1.0"]
        command += ["--data-file", str(export), "--override-file", str(HERE / "overrides.yaml")]
        command += ["--output-type", "unittest", "--output-destination", str(report)]
        # It looks for its list of currencies under the folder that it is started in.
        done = subprocess.run(command, cwd=sysconfig.get_path("purelib"), capture_output=True, text=True)
        if done.returncode != 0 or not report.exists():
            sys.exit(f"the validator did not run:\n{done.stdout}{done.stderr}")
        found = {}
        for case in ElementTree.parse(report).iter("testcase"):
            name = case.get("name").split(" :: ")[0]
            outcome = {"failure": "failed", "skipped": "skipped", "error": "errored"}
            found[name] = outcome[case[0].tag] if len(case) else "passed"
        return found


def of(found, verdict):
    return sorted(rule for rule, said in found.items() if said == verdict)


def overridden():
    lines = (HERE / "overrides.yaml").read_text().splitlines()
    return sorted(line.split()[1] for line in lines if line.startswith("  - "))


def check(export):
    """Complaints about an export."""
    found = verdicts(export)
    complaints = [f"{rule}: {said}" for rule, said in found.items() if said in ("failed", "errored")]
    if of(found, "skipped") != overridden():
        complaints.append(f"left out: {of(found, 'skipped')}, and only {overridden()} may be")
    if len(found) != RULES:
        complaints.append(f"{len(found)} rules, and the validator is known to have {RULES}")
    print(f"{export.name}: {len(of(found, 'passed'))} of {len(found)} rules passed, {len(overridden())} overridden")
    return complaints


def canary(export, header, rows):
    """Complaints about mistakes that the validator does not find, or finds where there are none."""
    wrong = [list(row) for row in rows]
    for column, mistake in CANARY.values():
        wrong[0][header.index(column)] = mistake
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, export.name)
        with copy.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *wrong])
        failed = of(verdicts(copy), "failed")
    print(f"the same with {len(CANARY)} mistakes: {', '.join(failed)} failed")
    return [] if failed == sorted(CANARY) else [f"of {sorted(CANARY)} the validator found {failed}"]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: validate.py export.csv")
    export = Path(sys.argv[1]).resolve()
    with export.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    if not rows:
        sys.exit("an export without rows shows nothing")
    complaints = [f"no column {name}" for name in RENAMED if name not in header]
    for name in RENAMED[:3]:
        if any(not row[header.index(name)] for row in rows if name in header):
            complaints.append(f"{name} is null")
    complaints += check(export)
    complaints += canary(export, header, rows)
    if complaints:
        sys.exit("\n".join(complaints))
    print("passed")


main()
