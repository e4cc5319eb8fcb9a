"""Keras's older names of what `utils` has for data."""

from numpynn.preprocessing import sequence as sequence
from numpynn.utils.sequences import timeseries_dataset_from_array as timeseries_dataset_from_array
