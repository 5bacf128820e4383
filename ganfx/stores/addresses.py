"""Addresses in stores, such as s3://bucket/photos/a.jpg, and what each kind of store needs."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


@dataclass(frozen=True)
class StoreKind:
    """One kind of store.

    schemes      what its addresses begin with
    needs        the module that reads it, beside fsspec
    package      what pip installs for it; of ganfx's extras one in brackets
    credentials  where those are taken from
    """

    schemes: tuple[str, ...]
    needs: str
    package: str
    credentials: str

    @property
    def is_installed(self) -> bool:
        """Whether what it needs can be imported."""
        return all(importlib.util.find_spec(module) for module in ("fsspec", self.needs))

    @property
    def hint(self) -> str:
        """How to install what it needs, from the index and from a clone."""
        if self.package.startswith("["):
            return f'pip install "ganfx{self.package}", in a clone pip install ".{self.package}"'
        return f"pip install {self.package}"


KINDS = (
    StoreKind(
        ("s3",), "s3fs", "[s3]", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; and AWS_ENDPOINT_URL"
    ),
    StoreKind(("gs", "gcs"), "gcsfs", "[gs]", "set GOOGLE_APPLICATION_CREDENTIALS"),
    StoreKind(("az", "abfs"), "adlfs", "[az]", "set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME"),
    StoreKind(("sftp", "ssh"), "paramiko", "[sftp]", "add your key to the ssh agent"),
    StoreKind(("file",), "fsspec", "fsspec", "may you read it?"),
)


@dataclass(frozen=True)
class Address:
    """Where a picture lies in a store; wherever pictures are told of, it stands for a path."""

    url: str

    @property
    def name(self) -> str:
        """What is behind the last slash."""
        return self.url.rsplit("/", 1)[-1]

    def absolute(self) -> Address:
        """The address itself."""
        return self

    def as_uri(self) -> str:
        """The address as text."""
        return self.url

    def __str__(self) -> str:
        return self.url


def kind_of(name: str) -> StoreKind | None:
    """The kind of store that `name` is an address in; None for paths, and for addresses that are not read."""
    found = _ADDRESS.match(name)
    scheme = found[1].lower() if found else ""
    return next((kind for kind in KINDS if scheme in kind.schemes), None)


def split(name: str) -> tuple[str, str]:
    """The folder and the name of a file, of which `name` is the address, or a path of this computer."""
    folder, file = name.rsplit("/", 1) if is_address(name) else os.path.split(name)
    return folder or os.curdir, file


def is_address(name: str) -> bool:
    """Whether `name` is an address in a store."""
    return kind_of(name) is not None
