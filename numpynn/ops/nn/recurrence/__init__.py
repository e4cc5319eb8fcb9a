"""Recurrent networks over whole sequences: the loop over time, and the same without its cost.

    simple_rnn.py   h = φ(x W + h U + b)
    lstm.py         input, forget and output gates around a carried state
    gru.py          update and reset gates
    walk.py         what they share: the way forth and back through time

Each has its loop as `plain`, which NumPy differentiates, and a fused form: the products of all
steps with the input in one, one tanh for all gates of a step, back-propagation through time by
hand, and the weights' gradients as one product for many steps. A result is one array (B, T + n, U):
the outputs of all steps, and then the n last states.
"""

from numpynn.ops.nn.recurrence.gru import gru as gru
from numpynn.ops.nn.recurrence.lstm import lstm as lstm
from numpynn.ops.nn.recurrence.simple_rnn import simple_rnn as simple_rnn
