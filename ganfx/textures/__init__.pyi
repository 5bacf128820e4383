from .maps import MaterialMaps as MaterialMaps
from .maps import material_maps as material_maps
from .seamless import make_seamless as make_seamless
from .seams import seam as seam
from .texture import Texture as Texture
from .texture import texture_of as texture_of
