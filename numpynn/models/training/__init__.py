"""The training loop: compile, fit, evaluate, predict, and one step of each.

    for each epoch
        for each batch  x, y
            ŷ = model(x);  L = loss(y, ŷ) + penalties
            g = ∂L/∂w;     w follows g by the optimizer

What `fit` reports is the running mean over the epoch's batches, each measured before its update,
with dropout on; the validation figures are measured after the epoch, without.

    compiling.py     what is trained for: optimizer, losses, metrics
    steps.py         one batch: forward, loss, backward, update, metrics
    runs.py          many: epochs, batches, callbacks
    fixed.py         what a run looks up once
    interruption.py  Ctrl-C between steps, not within
"""

from numpynn.models.training.runs import Trainer

__all__ = ["Trainer"]
