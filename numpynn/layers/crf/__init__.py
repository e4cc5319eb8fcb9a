"""A chain of tags with scores for what follows what: the linear-chain conditional random field.

partition   the score of one path, and of all of them together
viterbi     the best path
layer       CRF, and the loss that trains it
"""

from numpynn.layers.crf.layer import CRF as CRF
from numpynn.layers.crf.layer import CRFLoss as CRFLoss
