"""Every rule: values, first and second derivatives, in float64 and float32."""

from __future__ import annotations

import pytest
from autograd_cases import CASES, Case
from factory import check


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case) -> None:
    check(case.call, case.reference, case.drawn, **case.options)
