"""Adds up every report of one `./dev test` and prints its closing line.

Reads, under the folder given: `ctest_PRESET.xml` (CTest's JUnit), the JUnit files that GoogleTest
and pytest wrote under build/PRESET/reports for the CTest tests of the same name, and `gates.txt`
(one `passed|failed NAME` a line). A CTest test with a detailed report counts as its cases; one
without counts as one. Exits 1 when anything failed or was skipped, or when nothing passed.
"""

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path


def cases_of(report):
    """Yields (name, outcome) for each case of a GoogleTest or pytest report."""
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed"
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            yield name, "skipped"
        else:
            yield name, "passed"


def outcomes(folder):
    """Yields (name, outcome) for every test of the run."""
    for report in sorted(folder.glob("ctest_*.xml")):
        preset = report.stem.removeprefix("ctest_")
        for test in ElementTree.parse(report).getroot().iter("testcase"):
            yield from ctest_outcomes(folder.parent / preset / "reports", preset, test)
    gates = folder / "gates.txt"
    for line in gates.read_text().splitlines() if gates.exists() else []:
        outcome, name = line.split(" ", 1)
        yield name, outcome


def ctest_outcomes(details, preset, test):
    """Yields the cases of one CTest test, and the test itself where its cases do not tell."""
    name, status = test.get("name"), test.get("status")
    detail = details / f"{name}.xml"
    cases = list(cases_of(detail)) if detail.exists() else []
    for case, outcome in cases:
        yield f"{preset}: {name}: {case}", outcome
    if status == "run":
        if not cases:
            yield f"{preset}: {name}", "passed"
    elif status == "fail":
        if not any(outcome == "failed" for _, outcome in cases):
            yield f"{preset}: {name}", "failed"
    else:  # notrun, disabled
        yield f"{preset}: {name}", "skipped"


def main():
    found = list(outcomes(Path(sys.argv[1])))
    for name, outcome in found:
        if outcome != "passed":
            print(f"{outcome}: {name}")
    count = Counter(outcome for _, outcome in found)
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 0 if count["passed"] and not count["failed"] and not count["skipped"] else 1


if __name__ == "__main__":
    sys.exit(main())
