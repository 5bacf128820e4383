"""Folders in stores, as tests use them: of this computer, and on a server that speaks S3."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fsspec
import pytest

from tests.cluster.s3_server import CREDENTIALS, Faults, s3_server


@dataclass
class Place:
    """A folder in a store that is the test's own."""

    url: str
    fs: Any = field(repr=False)
    faults: Faults | None = None

    def write(self, name: str, content: bytes) -> None:
        path = f"{self.url.partition('://')[2]}/{name}"
        self.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        self.fs.pipe_file(path, content)

    def read(self, name: str) -> bytes:
        return self.fs.cat_file(f"{self.url.partition('://')[2]}/{name}")  # type: ignore[no-any-return]

    def remove(self, name: str) -> None:
        self.fs.rm_file(f"{self.url.partition('://')[2]}/{name}")

    def names(self, *, hidden: bool = False) -> list[str]:
        """All files, without hidden ones."""
        root = self.url.partition("://")[2]
        found = [path[len(root) + 1 :] for path in self.fs.find(root)]
        return sorted(name for name in found if hidden or not any(part[0] == "." for part in name.split("/")))


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[str, Faults]]:
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with s3_server() as found:
        yield found


@pytest.fixture
def s3(server: tuple[str, Faults], monkeypatch: pytest.MonkeyPatch) -> Place:
    """A bucket of its own."""
    address, faults = server
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": address}.items():
        monkeypatch.setenv(name, value)
    faults.busy = faults.slow_s = 0.0
    bucket = f"test-{secrets.token_hex(6)}"
    fs = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    fs.mkdir(bucket)
    return Place(f"s3://{bucket}", fs, faults)


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.cluster)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "s3":
        return request.getfixturevalue("s3")  # type: ignore[no-any-return]
    return Place(f"file://{tmp_path / 'store'}", fsspec.filesystem("file"))
