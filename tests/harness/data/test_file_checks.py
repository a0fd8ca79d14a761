from __future__ import annotations

import pytest

from harness.data.file_checks import FileChecks
from harness.findings import Severity


@pytest.mark.parametrize(
    ("count", "rule", "outside_a_job_s_bounds"),
    [
        (99, "R050", True),
        (100, None, False),
        (10_000, None, False),
        (10_001, "R051", False),
        (20_000, "R051", False),
        (20_001, "R051", True),
    ],
)
def test_the_number_of_records_is_an_error_where_no_job_takes_it(
    count: int, rule: str | None, outside_a_job_s_bounds: bool
) -> None:
    for for_job in (False, True):
        checks = FileChecks(for_job=for_job)
        assert not [breach for line in range(count) for breach in checks.add(line, {})]
        found = [(breach.rule, breach.severity) for breach in checks.finish()]
        severity = Severity.ERROR if for_job and outside_a_job_s_bounds else None
        assert found == ([(rule, severity)] if rule else [])
