"""Keras's `ops` namespace."""

from numpynn.ops.nn import *  # noqa: F403
