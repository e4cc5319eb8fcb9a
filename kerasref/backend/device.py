"""Where Keras computes."""

from __future__ import annotations

import keras


def device_name() -> str:
    """The device that Keras's operations run on by default, such as `cpu` or `NVIDIA H200`."""
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            gpus = tf.config.list_physical_devices("GPU")
            if gpus:
                details = tf.config.experimental.get_device_details(gpus[0])
                return str(details.get("device_name", "gpu"))
        case "jax":
            import jax

            return str(jax.devices()[0].device_kind)
        case "torch":
            import torch

            if torch.cuda.is_available():
                return str(torch.cuda.get_device_name())
    return "cpu"
