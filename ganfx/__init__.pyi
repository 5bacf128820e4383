from . import errors as errors
from .applying import apply as apply
from .files import open_picture as open_picture
from .files import read_mask as read_mask
from .files import save_picture as save_picture
from .hub import list_models as list_models

__version__: str
