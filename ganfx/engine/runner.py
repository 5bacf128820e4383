"""The engine: a picture in, band by band through the network, finished rows out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ganfx.engine.network import Network
from ganfx.engine.network_cache import NetworkCache
from ganfx.engine.options import EngineOptions
from ganfx.engine.tiled_run import PixelProgress, Reader, TiledRun
from ganfx.engine.tiles import Floats
from ganfx.spec import ModelSpec

# One command seldom needs more than a finder and two networks; the service raises the capacity.
NETWORKS = NetworkCache(3)


class Engine:
    """One network and the options to run it with. Cheap: engines of one model and device share the network."""

    def __init__(self, network: Network, options: EngineOptions) -> None:
        self.network, self.options = network, options

    @property
    def spec(self) -> ModelSpec:
        return self.network.spec

    @property
    def provider(self) -> str:
        """The name in `PROVIDERS` of the provider that the session really has."""
        return self.network.provider.name

    @property
    def device(self) -> str:
        """For people: the device, and in brackets onnxruntime's name of the provider."""
        return self.network.device

    @property
    def runs_beside_cpu(self) -> bool:
        """Whether it leaves the processor free for decoding and encoding files."""
        return self.network.provider.runs_beside_cpu

    @property
    def precision(self) -> str:
        """The precision it computes in now; fp32 once a faster one has failed its check."""
        return self.network.precision

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was found to compute wrongly when this network was opened for the first time, for people."""
        return self.network.remarks

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
        result = self.network.buffers.take((height * spec.scale, width * spec.scale, spec.out_channels))
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
        """Rows of the output, top to bottom, in chunks (n, width * scale, out_channels) of whole input rows.

        read(top, bottom) returns the input rows (bottom - top, width, in_channels) in [0, 1]; `top` never decreases,
        but rows where tiles overlap are read more than once. progress is called with the number of input pixels done
        so far, maybe from another thread. controls as in `run`; they are checked before the first row is read. One band
        of tiles is held in memory at a time, not the picture, and on a GPU a second one that is computed meanwhile;
        each chunk is the caller's own. Where memory runs out, the tile is halved and the stream goes on below the rows
        already returned. Raises DeviceMemoryError where even the smallest tile does not fit, InferenceError, and
        ContractError where the network's output has an unexpected shape.
        """
        told, values = progress or (lambda done: None), self.spec.control_values(controls)
        return TiledRun(self.network, self.options, read, height, width, told, values).chunks()


def open_engine(model: Path, options: EngineOptions = EngineOptions()) -> Engine:  # noqa: B008
    """The engine for the ONNX file `model`; the networks of `NETWORKS` stay open for the next call.

    Raises ContractError for the file, ProviderError for the provider, OptionError for the options.
    """
    return Engine(NETWORKS.network(model, options), options)
