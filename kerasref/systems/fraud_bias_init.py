"""Fraud, the bias of the output beginning at the log-odds (chapter 4), without early stopping."""

from kerasref.systems.fraud_baseline import model

__all__ = ["model"]
