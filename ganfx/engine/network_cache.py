"""The networks that stay open, so that the next picture need not wait for them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from ganfx.engine.network import Network, open_network
from ganfx.engine.options import EngineOptions
from ganfx.spec.model_file import unreadable

_Key = tuple[Path, int, int, str, str, int]


class NetworkCache:
    """Networks by their file, as it was, and where they run; the last used stay, up to `room`. For several threads."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._lock = threading.Lock()
        self._held: OrderedDict[_Key, Network] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def network(self, model: Path, options: EngineOptions) -> Network:
        """The network of the ONNX file `model`, opened if need be. Raises as `open_network` does."""
        path = Path(model).resolve()
        try:
            state = path.stat()
        except OSError as error:
            raise unreadable(path, error) from error
        place = (options.provider, options.precision, options.device_id)
        key = (path, state.st_mtime_ns, state.st_size, *place)
        with self._lock:
            found = self._held.pop(key, None) or open_network(path, EngineOptions(*place))
            self._held[key] = found
        while len(self) > self.room:
            self.drop_oldest()
        return found

    def drop_oldest(self) -> None:
        """Let go of the network that was used longest ago; who still holds it may use it on."""
        with self._lock:
            if self._held:
                self._held.popitem(last=False)

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._held.clear()
