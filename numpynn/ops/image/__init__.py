"""Keras's `ops.image`: images resized, cut, turned, blurred, in other colours.

    layout.py         where the axes are, and one form for all
    resizing.py       another size: a matrix of weights an axis
    framing.py        less of an image, or more around it
    interpolation.py  values between pixels
    transforms.py     every pixel looks at another place, which a matrix says

Images are (B, H, W, D), batch, height, width and channels, or one of them (H, W, D); with
data_format="channels_first" (B, D, H, W).
"""

from numpynn.ops.image.framing import *  # noqa: F403
from numpynn.ops.image.resizing import *  # noqa: F403
from numpynn.ops.image.transforms import *  # noqa: F403
