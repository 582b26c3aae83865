"""Write the table of what each chat model can do into docs/chat_models.md, from test runs.

    python scripts/features.py            write it
    python scripts/features.py --check    fail if the page says something else

Every class that `tests/support/chat_model_contract.py` is derived for is in it, and those whose own
tests are marked `feature(name, cls)`. A feature is there if its tests pass, and not if they are
skipped because the class says that it is not supported.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "chat_models.md"
BEGIN, END = "<!-- features: begin -->", "<!-- features: end -->"


class Outcomes:
    """Collects how the tests of each class and feature ended; a plugin of pytest."""

    def __init__(self) -> None:
        self.of: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.classes: dict[str, None] = {}
        self.features: dict[str, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown" or (report.when == "setup" and report.passed):
            return
        for key, value in report.user_properties:
            if key == "feature" and isinstance(value, list):
                cls, feature = value
                self.classes[cls] = self.features[feature] = None
                self.of[cls, feature].add(report.outcome)

    def table(self) -> str:
        """Give the table, in markdown."""
        features = list(self.features)
        lines = [f"| class | {' | '.join(features)} |", f"| --- |{' --- |' * len(features)}"]
        for cls in self.classes:
            cells = [_cell(self.of[cls, feature]) for feature in features]
            lines.append(f"| {cls if ' ' in cls else f'`{cls}`'} | {' | '.join(cells)} |")
        return "\n".join(lines)


def _cell(outcomes: set[str]) -> str:
    if "failed" in outcomes:
        raise SystemExit("tests of the contract fail: mend them first")
    if outcomes == {"passed", "skipped"}:
        return "partly"
    return "yes" if "passed" in outcomes else ""


def main() -> int:
    """Run the tests of all features; write the table, or compare it."""
    outcomes = Outcomes()
    tests = [str(ROOT / "tests" / part) for part in ("chat_models", "wire")]
    options = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-m", "feature", "--no-header"]
    status = pytest.main([*options, *tests], plugins=[outcomes])
    if status != pytest.ExitCode.OK:
        return int(status)
    page = PAGE.read_text(encoding="utf-8")
    made = f"{BEGIN}\n\n{outcomes.table()}\n\n{END}"
    written = re.sub(f"{BEGIN}.*?{END}", lambda _: made, page, flags=re.DOTALL)
    if "--check" in sys.argv:
        if written != page:
            print("docs/chat_models.md is not what the tests say: run python scripts/features.py")
        return int(written != page)
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
