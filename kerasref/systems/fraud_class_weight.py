"""Fraud with weighted classes (chapter 4): the baseline's network, the weights go to `fit`."""

from kerasref.systems.fraud_baseline import model

__all__ = ["model"]
