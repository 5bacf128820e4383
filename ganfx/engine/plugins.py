"""Execution providers that are packages of their own and plug into the onnxruntime that is there."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ganfx.engine.runtime import runtime
from ganfx.errors import ProviderError


@dataclass(frozen=True)
class Plugin:
    """A Python package with an execution provider's library in it.

    package: the name to import, such as `onnxruntime_ep_webgpu`.
    fits: whether a device that it offers, an OrtEpDevice, is to be used.
    lacking: what to say where none is.
    prefix: what the package's functions `ep_name` and `library_path` begin with.
    """

    package: str
    lacking: str
    fits: Callable[[Any], bool] = lambda device: True
    prefix: str = "get_"

    @property
    def distribution(self) -> str:
        """The name to install."""
        return self.package.replace("_", "-")

    def missing(self) -> str | None:
        """Why it cannot be used on this machine; None where it can."""
        if importlib.util.find_spec(self.package) is None:
            return f"the package {self.distribution} is not installed"
        try:
            return None if self.devices() else self.lacking
        except Exception as error:  # a library that does not load raises what it likes
            return f"{self.distribution} does not load: {error}"

    def devices(self) -> list[Any]:
        """The devices that fit, GPUs before the processor. Raises whatever loading the library raises."""
        return sorted(filter(self.fits, _offered(self.package, self.prefix)), key=is_software)

    def device(self, number: int) -> Any:
        """The device of that number, from 0. Raises ProviderError where there is none."""
        devices = self.devices()
        if number >= len(devices):
            raise ProviderError(f"{self.distribution} offers no device {number} here", hint="--gpu counts from 0")
        return devices[number]

    def use(self, options: Any, number: int, settings: dict[str, str]) -> None:
        """Add the device of that number to session options, with the provider's `settings`. Raises ProviderError."""
        options.add_provider_for_devices([self.device(number)], settings)

    def version(self) -> str:
        """The installed version; empty where it is not installed."""
        from importlib import metadata

        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return ""


@functools.cache
def _offered(package: str, prefix: str) -> list[Any]:
    """All devices that the package offers; its library is registered once in a process."""
    plugin = importlib.import_module(package)
    ort = runtime()
    name, library = getattr(plugin, f"{prefix}ep_name")(), getattr(plugin, f"{prefix}library_path")()
    ort.register_execution_provider_library(f"ganfx-{package}", library)
    return [device for device in ort.get_ep_devices() if device.ep_name == name]


def is_software(device: Any) -> bool:
    """Whether an OrtEpDevice is the processor that acts as a GPU."""
    return bool(device.device.type == runtime().OrtHardwareDeviceType.CPU)


def name_of(device: Any) -> str:
    """An OrtEpDevice's name for people: what its driver says, or its maker."""
    if is_software(device):
        return "software adapter"
    said = dict(device.device.metadata)
    return str(said.get("Description") or said.get("Discrete name") or f"{device.device.vendor} GPU".strip())
