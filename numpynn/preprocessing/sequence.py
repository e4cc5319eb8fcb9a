"""Sequences brought to one length."""

from numpynn.utils.sequences import pad_sequences as pad_sequences
