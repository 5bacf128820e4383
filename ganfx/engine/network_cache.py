"""Open networks, kept so that the next picture need not wait for loading."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path

from ganfx.engine.network import Network
from ganfx.engine.opening import open_network
from ganfx.engine.options import EngineOptions
from ganfx.spec.model_file import unreadable

_Key = tuple[Path, int, int, str, str, int, int]


class NetworkCache:
    """Keeps the `capacity` networks used last, by file (with its time and size) and device. For several threads."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._lock = threading.Lock()
        self._networks: OrderedDict[_Key, Network] = OrderedDict()

    def __len__(self) -> int:
        return len(self._networks)

    def network(self, model: Path, options: EngineOptions) -> Network:
        """The network of the ONNX file `model`, opened where it is not kept. Raises what `open_network` raises."""
        path = Path(os.path.realpath(model))  # which a loop of links does not stop
        try:
            state = path.stat()
        except OSError as error:
            raise unreadable(path, error) from error
        place = (options.provider, options.precision, options.device_id)
        key = (path, state.st_mtime_ns, state.st_size, *place, options.threads)
        with self._lock:
            found = self._networks.pop(key, None) or open_network(path, EngineOptions(*place, threads=options.threads))
            self._networks[key] = found
        while len(self) > self.capacity:
            self.drop_oldest()
        return found

    def drop_oldest(self) -> None:
        """Forget the network used longest ago; it stays usable for whoever refers to it."""
        with self._lock:
            if self._networks:
                self._networks.popitem(last=False)

    def clear(self) -> None:
        """Forget all networks."""
        with self._lock:
            self._networks.clear()
