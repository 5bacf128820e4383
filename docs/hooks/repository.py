"""The repository's own pages as parts of the site: where each is, and what its links mean there.

A page is written to be read in the repository; nothing is copied. Paths are relative to the root, with slashes.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Path in the repository, or the beginning of it -> the same in the site.
_PLACES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "docs/": "",
    "ganfx/weights/": "models/",
    "plugins/": "plugins/",
}
_PUBLISHED = (".md", ".jpg", ".json", ".png", ".svg")
_LINK = re.compile(r"(?P<image>!?)\[(?P<label>[^\]]*)\]\((?P<target>[^)\s]+)\)")
_FENCE = re.compile(r"^(```.*?^```|(?:(?: {4}.*)?\n)+(?=\n|\Z))", re.MULTILINE | re.DOTALL)
_INCLUDE = re.compile(r'<!-- include (?P<path>\S+) "(?P<heading>[^"]+)" -->')


def outside_docs() -> list[str]:
    """The paths of all pages and pictures that the site takes from elsewhere than docs/."""
    found = [path for folder in ("ganfx/weights", "plugins") for path in (ROOT / folder).glob("*.*")]
    published = sorted(path.relative_to(ROOT).as_posix() for path in found if path.suffix in _PUBLISHED)
    return ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", *published]


def site_path(path: str) -> str | None:
    """Where the site has the file at `path`; None where it does not have it."""
    if not path.endswith(_PUBLISHED):
        return None
    for ours, theirs in _PLACES.items():
        if path.startswith(ours):
            return theirs + path.removeprefix(ours)
    return None


def repository_path(page: str) -> str:
    """The inverse of `site_path`, but that index.md is docs/index.md."""
    for ours, theirs in _PLACES.items():
        if ours != "README.md" and page.startswith(theirs) and theirs:
            return ours + page.removeprefix(theirs)
    return f"docs/{page}"


def links(markdown: str) -> list[str]:
    """The targets of all links of a page to other files of the repository, with their anchors."""
    found = (match["target"] for match in _LINK.finditer(_FENCE.sub("", markdown)))
    return [target for target in found if not _is_foreign(target)]


def _is_foreign(target: str) -> bool:
    return target.startswith("#") or re.match(r"[a-z]+:", target) is not None


def target_of(page: str, target: str) -> tuple[str, str]:
    """(path, anchor) of a link in the page at `page`."""
    path, _, anchor = target.partition("#")
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), path)), anchor


def for_site(markdown: str, page: str, broken: Callable[[str], None]) -> str:
    """The page at `page` as the site shows it: sections included, links to pages of the site turned to them, links to
    code replaced by its path. `broken` is told of links to nothing."""

    def replaced(match: re.Match[str], base: str) -> str:
        if _is_foreign(match["target"]):
            return match[0]
        path, anchor = target_of(base, match["target"])
        if not (ROOT / path).exists():
            broken(f"{base}: {match['target']} does not exist")
        there = site_path(path)
        if there is None:
            return f"`{path}`" if path.endswith(match["label"].strip("`")) else f"{match['label']} (`{path}`)"
        here = site_path(page) or page
        relative = posixpath.relpath(there, posixpath.dirname(here) or ".")
        return f"{match['image']}[{match['label']}]({relative}{'#' if anchor else ''}{anchor})"

    def included(match: re.Match[str]) -> str:
        text = section((ROOT / match["path"]).read_text(encoding="utf-8"), match["heading"])
        return _LINK.sub(lambda link: replaced(link, match["path"]), text)

    own = _LINK.sub(lambda link: replaced(link, page), markdown)
    return _INCLUDE.sub(included, own)


def section(markdown: str, heading: str) -> str:
    """What stands below `## heading`, up to the next heading of its level. Raises ValueError where there is none."""
    match = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", markdown, re.MULTILINE | re.DOTALL)
    if match is None:
        raise ValueError(f"no section {heading!r}")
    return match[1].strip()
