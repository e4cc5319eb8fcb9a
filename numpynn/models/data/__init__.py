"""What `fit` is given, as batches.

    arrays, in any nesting           cut into batches, in a new order for each pass if shuffled
    PyDataset                        batches by number, in threads if it asks for workers
    generators, iterators            batches one after another, for once
    datasets, loaders                anything else that can be iterated over, again and again:
                                     tf.data.Dataset, torch's DataLoader, a class of one's own

`batches_of` finds which it is; `Epochs` deals the batches out, epoch by epoch.
"""

from numpynn.models.data.arrays import split_tail
from numpynn.models.data.conversion import class_weights_to_sample_weights
from numpynn.models.data.epochs import Epochs
from numpynn.models.data.sources import Batches, batches_of

__all__ = ["Batches", "Epochs", "batches_of", "class_weights_to_sample_weights", "split_tail"]
