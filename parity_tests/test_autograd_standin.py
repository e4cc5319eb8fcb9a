"""Arrays on another device: every rule works on an array that is not NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from autograd_cases import CASES, Case
from factory import Call, error
from hypothesis import given, settings
from standin import StandIn

from numpynn.autograd import Tensor, custom_gradient, grad, hessian, jacobian, jvp, remat, vjp
from numpynn.autograd.structure import leaves


def revealed(value: Any) -> Any:
    value = value.array if isinstance(value, Tensor) else value
    return value.revealed() if isinstance(value, StandIn) else np.asarray(value)


def gradients(call: Call, function: Any, kind: Any, create_graph: bool) -> tuple[list[Any], Any]:
    """The outputs, and the gradients of the sum of their squares."""
    x = [Tensor(kind(a), requires_grad=True) for a in call.arrays]
    outputs = leaves(function(*x, **call.keywords))
    for part in outputs:
        if isinstance(part, Tensor) and part.node is not None:
            part.backward(
                kind(np.cos(np.ones(part.shape))), create_graph=create_graph, retain_graph=True
            )
    return outputs, [leaf.grad for leaf in x]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_on_a_foreign_array(case: Case) -> None:
    @settings(max_examples=2)
    @given(case.drawn)
    def holds(call: Call) -> None:
        expected, slopes = gradients(call, case.call, np.asarray, False)
        for create_graph in (False, True):
            found, foreign = gradients(call, case.call, StandIn, create_graph)
            for a, b in zip(found, expected, strict=True):
                assert error(revealed(a), revealed(b)) <= 1e-12
            for a, b in zip(foreign, slopes, strict=True):
                assert (a is None) == (b is None)
                if a is not None:
                    assert isinstance(a.array, StandIn)
                    assert error(revealed(a), revealed(b)) <= 1e-10

    holds()
