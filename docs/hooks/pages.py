"""MkDocs hooks: pages from elsewhere in the repository, links between all of them, and tables made from the code."""

from __future__ import annotations

import logging
import re
from typing import Any

import repository
import tables
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# A warning ends a strict build.
_LOG = logging.getLogger("mkdocs.hooks.pages")
_TABLE = re.compile(r"<!-- table (\w+) -->")


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the repository's pages and pictures that are not in docs/."""
    for path in repository.outside_docs():
        source = str(repository.ROOT / path)
        files.append(File.generated(config, repository.site_path(path) or path, abs_src_path=source))


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Fill in sections and tables, and turn links of the repository into links of the site."""
    path = repository.repository_path(page.file.src_uri)
    return repository.for_site(_TABLE.sub(lambda match: tables.TABLES[match[1]](), markdown), path, _LOG.warning)
