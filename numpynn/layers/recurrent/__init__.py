"""Recurrent layers: a state goes from step to step.

contract          what RNN asks of a cell
rnn               the loop over time, for any cell; states that stay from batch to batch
stacked           several cells as one
dropout           one mask for a sequence
cell, layer       what the next three share, and where a fused form takes the loop's place
simple            h' = φ(x W + h R + b)
lstm, gru         gates that decide what is written, kept and shown
peephole, minimal two variants of the LSTM's cell, and the smallest cell
conv_lstm         the LSTM over sequences of images
bidirectional     one layer forwards, one backwards
time_distributed  a layer for single samples at every step
"""

from numpynn.layers.recurrent.bidirectional import Bidirectional as Bidirectional
from numpynn.layers.recurrent.conv_lstm import ConvLSTM1D as ConvLSTM1D
from numpynn.layers.recurrent.conv_lstm import ConvLSTM2D as ConvLSTM2D
from numpynn.layers.recurrent.conv_lstm import ConvLSTM3D as ConvLSTM3D
from numpynn.layers.recurrent.gru import GRU as GRU
from numpynn.layers.recurrent.gru import GRUCell as GRUCell
from numpynn.layers.recurrent.lstm import LSTM as LSTM
from numpynn.layers.recurrent.lstm import LSTMCell as LSTMCell
from numpynn.layers.recurrent.minimal import MinimalRNNCell as MinimalRNNCell
from numpynn.layers.recurrent.peephole import CoupledLSTMCell as CoupledLSTMCell
from numpynn.layers.recurrent.peephole import PeepholeLSTMCell as PeepholeLSTMCell
from numpynn.layers.recurrent.rnn import RNN as RNN
from numpynn.layers.recurrent.simple import SimpleRNN as SimpleRNN
from numpynn.layers.recurrent.simple import SimpleRNNCell as SimpleRNNCell
from numpynn.layers.recurrent.stacked import StackedRNNCells as StackedRNNCells
from numpynn.layers.recurrent.time_distributed import TimeDistributed as TimeDistributed
