"""Looks for known vulnerabilities in the versions that constraints.txt pins, with pip-audit.

It has to ask a service on the internet. Where none can be reached that is said, and is no failure: nothing was found
out. What is found is one.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

_SERVICES = ("pypi", "osv")
# What is known and does not concern us, by its id, with the reason.
_ACCEPTED: Mapping[str, str] = {}


def main() -> int:
    for service in _SERVICES:
        dependencies = _ask(service)
        answered = [one for one in dependencies if "vulns" in one]
        if answered:
            return _report(service, answered, len(dependencies))
    print(
        f"NOT AUDITED: no vulnerability service can be reached ({', '.join(_SERVICES)} were tried)"
    )
    return 0


def _ask(service: str) -> list[dict[str, Any]]:
    """What it says of each dependency; those that it did not answer for lack "vulns". Empty if it is out of reach."""
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", service]
    command += ["--requirement", "constraints.txt", "--no-deps", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return []
    return found


def _report(service: str, answered: list[dict[str, Any]], total: int) -> int:
    holes = 0
    for one in answered:
        for hole in one["vulns"]:
            if hole["id"] in _ACCEPTED:
                print(f"accepted: {one['name']} {hole['id']}: {_ACCEPTED[hole['id']]}")
                continue
            holes += 1
            better = ", ".join(hole["fix_versions"]) or "none yet"
            print(f"{one['name']} {one['version']}: {hole['id']} (fixed in: {better})")
    print(f"{service} knows {holes} vulnerabilities in {len(answered)} of {total} dependencies")
    if len(answered) < total:
        print(f"NOT AUDITED: the other {total - len(answered)}, of which it has not heard")
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
