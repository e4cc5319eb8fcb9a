"""Keras's `ops.image`: images resized, cut, turned, blurred, in other colours.

    layout.py         where the axes are, and one form for all
    resizing.py       another size: a matrix of weights an axis
    scaling.py        stretched and moved along some axes, by such matrices
    framing.py        less of an image, or more around it
    interpolation.py  values between pixels
    transforms.py     every pixel looks at another place, which a matrix says
    filters.py        blurred, and the edges
    colors.py         grey; hue, saturation and value
    patches.py        windows as vectors
    similarity.py     how alike two images are

Images are (B, H, W, D), batch, height, width and channels, or one of them (H, W, D); with
data_format="channels_first" (B, D, H, W).
"""

from numpynn.ops.image.colors import *  # noqa: F403
from numpynn.ops.image.filters import *  # noqa: F403
from numpynn.ops.image.framing import *  # noqa: F403
from numpynn.ops.image.interpolation import *  # noqa: F403
from numpynn.ops.image.patches import *  # noqa: F403
from numpynn.ops.image.resizing import *  # noqa: F403
from numpynn.ops.image.scaling import *  # noqa: F403
from numpynn.ops.image.similarity import *  # noqa: F403
from numpynn.ops.image.transforms import *  # noqa: F403
