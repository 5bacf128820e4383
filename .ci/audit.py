"""Tells known vulnerabilities of what the locks name, and of what is pinned in pyproject.toml: `make audit`.

Exit status 0: none is known; 1: some are; 2: the vulnerability service could not say.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)


def pins() -> dict[str, list[str]]:
    """All versions that are pinned, for whatever platform, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("requirements*.lock"))]
    texts += [text for extra in project["optional-dependencies"].values() for text in extra]
    found = defaultdict[str, dict[str, None]](dict)
    for name, version in (pin for text in texts for pin in _PIN.findall(text)):
        found[name][version] = None
    return {name: list(versions) for name, versions in sorted(found.items())}


def audit(wanted: dict[str, list[str]]) -> list[dict[str, Any]]:
    """What pip-audit says of each package; empty where it cannot reach the service."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = []
        # A file may name a package once.
        for number in range(max(map(len, wanted.values()))):
            path = Path(folder) / f"{number}.txt"
            lines = (f"{name}=={versions[number]}\n" for name, versions in wanted.items() if len(versions) > number)
            path.write_text("".join(lines), encoding="utf-8")
            arguments += ["--requirement", str(path)]
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
        done = subprocess.run([*command, "--format", "json", *arguments], capture_output=True)
    try:
        dependencies: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return []
    return dependencies


def main() -> int:
    wanted = pins()
    answers = audit(wanted)
    known = [one for one in answers if "vulns" in one]
    if not known:
        print("the vulnerability service cannot be reached: nothing was audited")
        return 2
    vulnerable = [one for one in known if one["vulns"]]
    for one in vulnerable:
        for vulnerability in one["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            print(f"{one['name']} {one['version']}: {vulnerability['id']}, mended in {fixed}")
    unknown = sorted({one["name"] for one in answers} - {one["name"] for one in known})
    if unknown:
        print(f"the vulnerability service does not know {', '.join(unknown)}")
    print(f"{len(known)} versions audited, {len(vulnerable)} with known vulnerabilities")
    return 1 if vulnerable else 2 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
