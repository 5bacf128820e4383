"""GIMP's layers: their pixels read for the service, and its results written to them."""

from __future__ import annotations

from client import Pixels, ServiceError
from gi.repository import Babl, Gegl, Gimp

# babl format names by channels and by depth, and the babl spaces that need no conversion for the service.
_COLORS = {1: "Y'", 2: "Y'A", 3: "R'G'B'", 4: "R'G'B'A"}
_TYPES = {8: "u8", 16: "u16", 32: "float"}
_SRGB_SPACES = ("sRGB", "space-gray-sRGB")


class LayerRegion:
    """The part of a layer (or of what a group shows) to be sent, in layer coordinates, and the service's `results`."""

    results: list[Pixels]

    def __init__(self, layer: Gimp.Layer, context: int | None, adds_layers: bool) -> None:
        """All of `layer` if `context` is None, else the selected part of it and `context` pixels around.

        adds_layers: the results become layers above it, as those of groups do anyway, and do not replace its pixels.
        """
        self.layer, self.adds_layers = layer, adds_layers or layer.is_group()
        self.geometry = (layer.get_width(), layer.get_height(), *layer.get_offsets())
        self.left, self.top, self.width, self.height = 0, 0, *self.geometry[:2]
        if context is not None:
            intersects, x, y, width, height = layer.mask_intersect()
            if not intersects:
                raise ServiceError(
                    f"The selection does not touch '{layer.get_name()}'", "Select some of it, or nothing"
                )
            self.left, self.top = (max(0, start - context) // max(1, context) * max(1, context) for start in (x, y))
            self.width = min(x + width + context, self.width) - self.left
            self.height = min(y + height + context, self.height) - self.top
        self.in_image = (self.left + self.geometry[3], self.top + self.geometry[4], self.width, self.height)

    def read(self) -> Pixels:
        """The pixels; as floats if 8 or 16 bits of sRGB would lose something (linear, wide gamut, deeper)."""
        has_alpha, encoding = self.adds_layers or self.layer.has_alpha(), self.layer.get_format()
        channels = (1 if self.layer.is_gray() else 3) + has_alpha
        colors, _, sample = Babl.format_get_encoding(encoding).rpartition(" ")
        is_srgb = Babl.get_name(Babl.format_get_space(encoding)) in _SRGB_SPACES and ("'" in colors or "~" in colors)
        depth = 8 if self.layer.is_indexed() else {"u8": 8, "u16": 16}.get(sample, 32) if is_srgb else 32
        rect, form = (self.left, self.top, self.width, self.height), f"{_COLORS[channels]} {_TYPES[depth]}"
        data = bytes(self.layer.get_buffer().get(Gegl.Rectangle.new(*rect), 1.0, form, Gegl.AbyssPolicy.NONE))
        if self.adds_layers and not any(data):
            raise ServiceError(f"There is nothing to be seen in '{self.layer.get_name()}'", "Choose another layer")
        return Pixels(self.width, self.height, channels, depth, data)

    def mask(self) -> bytes:
        """The selection in the region, one byte per pixel; empty if nothing is selected."""
        selection = self.layer.get_image().get_selection().get_buffer()
        data = bytes(selection.get(Gegl.Rectangle.new(*self.in_image), 1.0, "Y u8", Gegl.AbyssPolicy.NONE))
        return data if any(data) else b""

    def check(self, factors: list[float]) -> None:
        """Raise ServiceError if the image was changed meanwhile, or a result is not as many times larger."""
        layer = self.layer
        if not layer.is_valid() or (layer.get_width(), layer.get_height(), *layer.get_offsets()) != self.geometry:
            raise ServiceError("The image was changed while the engine worked", "Run the filter again")
        for one in self.results:
            sides = (one.width - self.width * factors[0], one.height - self.height * factors[1])
            if max(map(abs, sides)) >= 1:
                raise ServiceError(f"The engine answered with {one.width}x{one.height} pixels")

    def targets(self, title: str) -> list[Gimp.Layer]:
        """The layers to write the results to: the layer itself, or new ones above, with its opacity, mode and mask."""
        source, image, mode = self.layer, self.layer.get_image(), self.layer.get_mode()
        if not self.adds_layers:
            return [source]
        mode, added = Gimp.LayerMode.NORMAL if mode == Gimp.LayerMode.PASS_THROUGH else mode, []
        for number in range(1, len(self.results) + 1):
            name = f"{title} {number}" if len(self.results) > 1 else f"{source.get_name()} ({title})"
            properties = (source.type_with_alpha(), source.get_opacity(), mode)
            layer = Gimp.Layer.new(image, name, *self.geometry[:2], *properties)
            image.insert_layer(layer, source.get_parent(), image.get_item_position(source))
            layer.set_offsets(*self.geometry[3:])
            layer.set_visible(number == 1)
            if source.get_mask():
                layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
                layer.set_edit_mask(False)
                rect, mask = Gegl.Rectangle.new(0, 0, *self.geometry[:2]), layer.get_mask().get_buffer()
                source.get_mask().get_buffer().copy(rect, Gegl.AbyssPolicy.NONE, mask, rect)
                mask.flush()
            added.append(layer)
        return added

    def write(self, layer: Gimp.Layer, result: Pixels, ignore_selection: bool) -> None:
        """Write a result to `layer` within the selection, or after selecting just the region."""
        rect = (self.left, self.top, result.width, result.height)
        if ignore_selection:
            layer.get_image().select_rectangle(Gimp.ChannelOps.REPLACE, *self.in_image)
        if not self.adds_layers and result.channels in (2, 4) and not layer.has_alpha():
            layer.add_alpha()
        # Writing directly bypasses selection and undo, which a new layer does not need.
        buffer = layer.get_buffer() if self.adds_layers else layer.get_shadow_buffer()
        buffer.set(Gegl.Rectangle.new(*rect), f"{_COLORS[result.channels]} {_TYPES[result.depth]}", result.data)
        buffer.flush()
        if not self.adds_layers and not layer.merge_shadow(True):
            raise ServiceError(f"GIMP does not let '{layer.get_name()}' be changed", Gimp.get_pdb().get_last_error())
        layer.update(*rect)


def selected_size(image: Gimp.Image) -> tuple[int, int]:
    """(width, height) of what is selected, or of `image` if nothing is."""
    _, _, x1, y1, x2, y2 = Gimp.Selection.bounds(image)
    return x2 - x1, y2 - y1


def duplicate(image: Gimp.Image, regions: list[LayerRegion]) -> Gimp.Image:
    """A copy of `image`, to whose layers (names are unique) the regions refer from now on."""
    target = image.duplicate()
    for region in regions:
        region.layer, region.left, region.top = target.get_layer_by_name(region.layer.get_name()), 0, 0
    return target


def write_results(
    image: Gimp.Image,
    regions: list[LayerRegion],
    title: str,
    *,
    is_fill: bool,
    size: tuple[int, int] | None,
    as_new: bool,
) -> None:
    """Write all results as one undo step; a new image has no undo and is cropped to the selection.

    `title` is the filter's; `is_fill` is whether it fills the selection, which stays as it is; `size` is that of the
    image then, where it changes.
    """
    (image.undo_disable if as_new else image.undo_group_start)()
    Gimp.context_push()
    Gimp.context_set_defaults()
    try:
        colored = any(region.results[0].channels > 2 for region in regions)
        if colored and image.get_base_type() != Gimp.ImageBaseType.RGB:
            image.convert_rgb()
        targets = [region.targets(title) for region in regions]
        _, selected, x1, y1, x2, y2 = Gimp.Selection.bounds(image)
        if as_new and selected:
            image.crop(x2 - x1, y2 - y1, x1, y1)
        if size:
            image.scale(*size)
        selection = image.get_selection().copy()
        if size:
            Gimp.Selection.none(image)
        for region, layers in zip(regions, targets):
            for layer, result in zip(layers, region.results):
                region.write(layer, result, ignore_selection=is_fill)
        if is_fill or (size and not as_new):
            image.get_selection().combine_masks(selection, Gimp.ChannelOps.REPLACE, 0, 0)
    finally:
        Gimp.context_pop()
        (image.undo_enable if as_new else image.undo_group_end)()
