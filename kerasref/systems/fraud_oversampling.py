"""Fraud with as many frauds as honest payments (chapter 4): the bias begins at zero."""

from kerasref.systems import fraud_baseline
from kerasref.systems.fraud_baseline import callbacks
from numpynn.typing import Array

__all__ = ["callbacks", "model"]


def model() -> Array:
    return fraud_baseline.model(bias=0.0)
