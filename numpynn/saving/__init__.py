"""Models, layers and weights as files and configurations, the same as Keras's.

registration.py     names for classes and functions of one's own
serialization.py    objects as configurations and back
models.py           models and weights as files
stores.py           groups of arrays in HDF5 and `.npz`
archive.py          reading what somebody else made, writing what a crash cannot spoil
"""

from numpynn.saving.models import load_model, load_weights, save_model, save_weights
from numpynn.saving.registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from numpynn.saving.serialization import deserialize_keras_object, serialize_keras_object

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
