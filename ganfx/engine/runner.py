"""The engine: a picture in, band by band through the network, finished rows out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ganfx.engine.network import Network
from ganfx.engine.network_cache import NetworkCache
from ganfx.engine.options import EngineOptions
from ganfx.engine.tiled_run import PixelProgress, Reader, TiledRun
from ganfx.engine.tiles import Floats
from ganfx.spec import ModelSpec

# Few at first: what runs one command seldom needs more.
NETWORKS = NetworkCache(3)


class Engine:
    """One network and how to feed it. Cheap: engines of one model and device share the network."""

    def __init__(self, network: Network, options: EngineOptions) -> None:
        self.network, self.options = network, options

    @property
    def spec(self) -> ModelSpec:
        return self.network.spec

    @property
    def provider(self) -> str:
        """The provider that the session really has, by its name in `PROVIDERS`."""
        return self.network.provider.name

    @property
    def device(self) -> str:
        """The device and the provider in onnxruntime's words, for people."""
        return self.network.device

    @property
    def accelerated(self) -> bool:
        """Whether it runs beside the processor, which then is free for files."""
        return self.network.uniform

    @property
    def precision(self) -> str:
        """What it computes in; fp32 once a faster precision has failed its check."""
        return self.network.precision

    def run(
        self, image: Floats, progress: PixelProgress | None = None, *, controls: Mapping[str, float] | None = None
    ) -> Floats:
        """`image` (H, W, in_channels) in [0, 1] to (H * scale, W * scale, out_channels), not clipped.

        controls are values by name for the controls that `spec.controls` declares, such as {"strength": 0.5}; those
        not named have their defaults. Raises OptionError for an unknown control or a value out of its range, and
        what `stream` raises.
        """
        height, width = image.shape[:2]
        spec = self.spec
        result = np.empty((height * spec.scale, width * spec.scale, spec.out_channels), np.float32)
        told = progress or (lambda done: None)
        values = spec.control_values(controls)

        def read(top: int, bottom: int) -> Floats:
            return image[top:bottom]

        for _ in TiledRun(self.network, self.options, read, height, width, told, values, result).chunks():
            pass
        return result

    def stream(
        self,
        read: Reader,
        height: int,
        width: int,
        progress: PixelProgress | None = None,
        *,
        controls: Mapping[str, float] | None = None,
    ) -> Iterator[Floats]:
        """Finished rows of the output, top to bottom, in chunks that are whole input rows high.

        `read(top, bottom)` returns input rows (bottom - top, width, in_channels) in [0, 1]; `top` never falls, but
        rows near a seam are asked for more than once. `progress` gets the number of input pixels done so far.
        controls as in `run`; they are checked before the first row is read.
        Memory holds one band of tiles, not the picture. Each chunk is the caller's own. Raises DeviceMemoryError
        when even the smallest tile does not fit, else halves the tile and goes on below the rows already out.
        """
        told, values = progress or (lambda done: None), self.spec.control_values(controls)
        return TiledRun(self.network, self.options, read, height, width, told, values).chunks()


def open_engine(model: Path, options: EngineOptions = EngineOptions()) -> Engine:  # noqa: B008
    """The engine for the ONNX file `model`; the networks of `NETWORKS` stay open for the next call.

    Raises ContractError for the file, ProviderError for the provider, OptionError for the options.
    """
    return Engine(NETWORKS.network(model, options), options)
