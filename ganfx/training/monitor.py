"""Progress of a run: metrics and a sample grid each minute, and warnings about the adversarial balance."""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyvips
import torch
from torch import Tensor, nn

LINE_INTERVAL_S = 60.0
PREVIEW_SIZE = 192


class AdversarialHealth:
    """Warns where the discriminator separates real from fake too well, or not at all."""

    def __init__(self, patience: int = 3) -> None:
        self.patience = patience
        self.separating = self.guessing = 0

    def warning(self, metrics: dict[str, float]) -> str | None:
        """A warning where the trouble has lasted `patience` lines, else None."""
        if "real_logit" not in metrics:
            return None
        gap = metrics["real_logit"] - metrics["fake_logit"]
        self.separating = self.separating + 1 if gap > 6 else 0
        self.guessing = self.guessing + 1 if gap < 0.02 else 0
        if self.separating >= self.patience:
            return "the discriminator wins: lower its rate, or its weight"
        if self.guessing >= self.patience:
            return "the discriminator is blind: raise its rate, or lower the generator's weight for it"
        return None


def finite(metrics: dict[str, float]) -> bool:
    return all(math.isfinite(value) for value in metrics.values())


def save_grid(path: Path, columns: list[Tensor]) -> None:
    """Write equally large batches (N, 1 or 3, H, W) in [0, 1] side by side, a row for each picture, as a PNG."""
    rows = torch.cat([torch.cat(list(column.expand(-1, 3, -1, -1)), dim=1) for column in columns], dim=2)
    pixels = (rows.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous().cpu().numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    pyvips.Image.new_from_array(pixels).write_to_file(str(path))


class Monitor:
    """Averages metrics and writes `metrics.jsonl` and `samples/` below `folder`, once a minute."""

    def __init__(self, folder: Path, task: Any, say: Any) -> None:
        self.folder, self.task, self.say = folder, task, say
        self.inputs, self.real = task.preview()
        self.sums: dict[str, float] = defaultdict(float)
        self.counts: dict[str, int] = defaultdict(int)
        self.steps = 0
        self.health = AdversarialHealth()
        self.last = time.monotonic()

    def add(self, metrics: dict[str, float]) -> None:
        self.steps += 1
        for name, value in metrics.items():
            self.sums[name] += value
            self.counts[name] += 1

    @property
    def due(self) -> bool:
        return self.steps > 0 and time.monotonic() - self.last >= LINE_INTERVAL_S

    def write(self, generator: nn.Module, step: int, elapsed_s: float, total_s: float) -> None:
        """Append a line of metrics, write a sample grid, and start the next minute."""
        seconds = time.monotonic() - self.last
        line = {name: round(value / self.counts[name], 5) for name, value in self.sums.items()}
        line |= {"step": step, "elapsed_s": round(elapsed_s), "steps_per_s": round(self.steps / seconds, 2)}
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        self._draw(generator, int(elapsed_s))
        shown = " ".join(f"{name} {value:g}" for name, value in line.items() if name not in ("step", "elapsed_s"))
        self.say(f"[{elapsed_s / 60:.1f}/{total_s / 60:g} min] step {step}  {shown}")
        if warning := self.health.warning(line):
            self.say(f"warning: {warning}")
        self.sums.clear()
        self.counts.clear()
        self.steps, self.last = 0, time.monotonic()

    def _draw(self, generator: nn.Module, elapsed_s: int) -> None:
        with torch.no_grad():
            fake = self.task.shown(self.inputs, generator(*self.inputs))
        columns = [self.task.baseline(self.inputs), fake, self.real]
        save_grid(self.folder / "samples" / f"{elapsed_s:06d}.png", columns)
