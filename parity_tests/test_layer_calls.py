"""What happens when a layer is called: penalties, training or not, masks, shapes, dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pairs import array, hold, normal, on_both

import numpynn
from numpynn import layers

# -- losses of layers ------------------------------------------------------------------------------


def test_add_loss_counts_in_training_once_a_call() -> None:
    def program(library: Any) -> Any:
        class Penalised(library.layers.Layer):
            def call(self, x: Any) -> Any:
                self.add_loss(0.1 * library.ops.mean(library.ops.square(x)))
                return x

        model = library.Sequential(
            [
                library.Input((2,)),
                library.layers.Dense(2, kernel_initializer="ones"),
                Penalised(),
                library.layers.Dense(1, kernel_initializer="ones"),
            ]
        )
        model.compile(library.optimizers.SGD(0.01), "mse")
        x, y = normal(0, 6, 2), normal(1, 6, 1)
        first = model.fit(x, y, batch_size=3, epochs=2, shuffle=False, verbose=0).history["loss"]
        return [first, model.evaluate(x, y, verbose=0), model.get_weights(), len(model.losses)]

    ours, theirs = on_both(program)
    hold(ours, theirs, 1e-5)


def test_a_model_can_train_on_added_losses_alone() -> None:
    def program(library: Any) -> Any:
        model = library.Sequential(
            [
                library.Input((2,)),
                library.layers.Dense(2, kernel_initializer="ones", activity_regularizer="l2"),
            ]
        )
        model.compile(library.optimizers.SGD(0.1))
        return model.fit(normal(0, 6, 2), epochs=3, shuffle=False, verbose=0).history["loss"]

    ours, theirs = on_both(program)
    hold(ours, theirs, 1e-5)


# -- training and masks ----------------------------------------------------------------------------


def test_training_is_passed_down_and_the_nearest_word_counts() -> None:
    def program(library: Any) -> Any:
        seen: list[Any] = []

        class Inner(library.layers.Layer):
            def call(self, x: Any, training: Any = None) -> Any:
                seen.append(training)
                return x

        class Outer(library.layers.Layer):
            def __init__(self) -> None:
                super().__init__()
                self.free, self.fixed = Inner(), Inner()

            def call(self, x: Any) -> Any:
                return self.fixed(self.free(x), training=False)

        class Default(library.layers.Layer):
            def call(self, x: Any, training: bool = True) -> Any:
                seen.append(training)
                return x

        x = np.ones((1, 2), "float32")
        outer = Outer()
        outer(x)  # Keras calls once more, to build
        seen.clear()
        for training in (True, False):
            outer(x, training=training)
        Default()(x)
        Default()(x, training=False)
        return [bool(t) for t in seen]

    ours, theirs = on_both(program)
    assert ours == theirs == [True, False, False, False, True, False]


def masking_layers(library: Any) -> Any:
    ops = library.ops

    class Positive(library.layers.Layer):
        """Masks the time steps whose first value is not positive."""

        def call(self, x: Any) -> Any:
            return x

        def compute_mask(self, x: Any, previous_mask: Any = None) -> Any:
            return ops.greater(x[..., 0], 0.0)

    class Counting(library.layers.Layer):
        """How many time steps count."""

        def call(self, x: Any, mask: Any = None) -> Any:
            if mask is None:
                return ops.sum(ops.ones_like(x[..., 0]), axis=1)
            return ops.sum(ops.cast(mask, x.dtype), axis=1)

    return Positive, Counting


X = normal(3, 4, 5, 2)


@pytest.mark.parametrize("between", ["nothing", "dense", "dropout", "activation", "flat", "custom"])
def test_masks_pass_through_the_layers_that_support_them(between: str) -> None:
    def program(library: Any) -> Any:
        positive, counting = masking_layers(library)

        class Unaware(library.layers.Layer):
            def call(self, x: Any) -> Any:
                return x * 1.0

        middle = {
            "nothing": [],
            "dense": [library.layers.Dense(3), library.layers.Dense(2, "relu")],
            "dropout": [library.layers.Dropout(0.5)],
            "activation": [library.layers.Activation("tanh")],
            "flat": [library.layers.Reshape((5, 2, 1)), library.layers.Reshape((5, 2))],
            "custom": [Unaware()],
        }[between]
        model = library.Sequential([library.Input((5, 2)), positive(), *middle, counting()])
        return array(model(X.astype("float32")))

    ours, theirs = on_both(program)
    np.testing.assert_array_equal(ours, theirs)
    if between in ("nothing", "dense", "dropout", "activation"):
        np.testing.assert_array_equal(ours, (X[..., 0] > 0).sum(axis=1))


def test_a_mask_that_is_given_wins() -> None:
    def program(library: Any) -> Any:
        positive, counting = masking_layers(library)
        mask = np.zeros((4, 5), bool)
        x = X.astype("float32")
        model = library.Sequential([library.Input((5, 2)), library.layers.Dense(2), counting()])
        return [array(counting()(positive()(x), mask=mask)), array(model(x, mask=mask))]

    ours, theirs = on_both(program)
    hold(ours, theirs, 0)
    np.testing.assert_array_equal(ours[0], np.zeros(4))


# -- shapes, dtypes, inputs ------------------------------------------------------------------------


def test_output_shapes_of_custom_layers_are_inferred() -> None:
    class Odd(layers.Layer):
        def call(self, x: Any) -> Any:
            return np.sum(x[:, ::2], axis=-1, keepdims=True)

    assert Odd().compute_output_shape((None, 5, 3)) == (None, 3, 1)
    assert Odd().compute_output_shape((None, None, 3)) == (None, None, 1)
    assert Odd().compute_output_shape((4, 5, 3)) == (4, 3, 1)


@pytest.mark.parametrize("x", [[[1, 2, 3]], np.ones((1, 3), "int32"), np.ones((1, 3), "float64")])
def test_inputs_are_cast_to_the_layers_dtype(x: Any) -> None:
    x = np.array(x)
    layer = layers.Dense(2)
    assert layer(x).dtype == np.float32 and layer.kernel.dtype == np.float32
    assert layers.Dense(2, dtype="float64")(x).dtype == np.float64


def test_layers_make_a_tensor_and_record_only_in_a_scope() -> None:
    layer = layers.Dense(2)
    y = layer(np.ones((1, 3)))
    assert isinstance(y, numpynn.Tensor) and not y.requires_grad
    with numpynn.GradientTape() as tape:
        loss = np.sum(layer(np.ones((1, 3))))
    gradients = tape.gradient(loss, layer.trainable_variables)
    assert [g.shape for g in gradients] == [(3, 2), (2,)]


def test_set_weights_changes_nothing_unless_all_fits() -> None:
    layer = layers.Dense(2)
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(ValueError, match="dense.*shape"):
        layer.set_weights([np.zeros((3, 2)), np.zeros(3)])
    hold(layer.get_weights(), before, 0)
    layer.get_weights()[0][:] = 9  # a copy
    hold(layer.get_weights(), before, 0)
