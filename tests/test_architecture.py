"""The architecture: who imports whom (docs/imports.toml), and which commands must stay light."""

from __future__ import annotations

import ast
import resource
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

TABLE = tomllib.loads((ROOT / "docs" / "imports.toml").read_text(encoding="utf-8"))


def _part(module: str) -> str:
    """'ganfx.engine.tiles' -> 'engine'; 'numpy.typing' -> 'numpy'."""
    names = module.split(".")
    return names[1] if names[0] == "ganfx" and len(names) > 1 else names[0]


def _files() -> list[tuple[str, Path]]:
    found = [
        (path.stem if path.parent == ROOT / "ganfx" else path.relative_to(ROOT / "ganfx").parts[0], path)
        for path in sorted((ROOT / "ganfx").rglob("*.py"))
    ]
    return [*found, *(("exporters", path) for path in sorted((ROOT / "exporters").rglob("*.py")))]


def _imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """(module, is at module level and not for type checkers) of every import statement."""
    eager = {id(node) for statement in tree.body if not _is_type_checking(statement) for node in _shallow(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in eager) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [f"ganfx.{alias.name}" for alias in node.names] if node.module == "ganfx" else [node.module]
            yield from ((name, id(node) in eager) for name in names)


def _is_type_checking(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test)


def _shallow(statement: ast.stmt) -> Iterator[ast.AST]:
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from ast.walk(statement)


def _imported_by(part: str, *, eager: bool) -> tuple[set[str], set[str]]:
    """The (parts of ganfx, third-party packages) that a part imports; with `eager`, only those at module level."""
    ours, theirs = set(), set()
    for path in (path for owner, path in _files() if owner == part):
        for module, at_module_level in _imports(ast.parse(path.read_text(encoding="utf-8"))):
            name = _part(module)
            known = name in sys.stdlib_module_names or name == part or module in ("ganfx", "ganfx.__version__")
            if not known and (at_module_level or not eager):
                (ours if module.split(".")[0] == "ganfx" else theirs).add(name)
    return ours, theirs


def test_table_has_every_part() -> None:
    assert {part for part, path in _files() if path != ROOT / "ganfx" / "__init__.py"} == set(TABLE)


@pytest.mark.parametrize("part", TABLE)
def test_imports_are_those_of_the_table(part: str) -> None:
    """Equal, so that a permission nobody uses any more is taken back."""
    ours, theirs = _imported_by(part, eager=False)
    assert ours == set(TABLE[part]["ganfx"])
    assert theirs == set(TABLE[part]["packages"])


@pytest.mark.parametrize("part", [part for part in TABLE if "lazy" in TABLE[part]])
def test_lazy_imports_are_inside_functions(part: str) -> None:
    lazy = set(TABLE[part]["lazy"])
    ours, theirs = _imported_by(part, eager=True)
    assert lazy <= {*TABLE[part]["ganfx"], *TABLE[part]["packages"]}
    assert not lazy & (ours | theirs)


def test_architecture_page_is_drawn_from_the_table() -> None:
    """If this fails: `make architecture`."""
    rooms = runpy.run_path(str(ROOT / "docs" / "hooks" / "rooms.py"))
    page = rooms["PAGE"].read_text(encoding="utf-8")
    assert rooms["page_with_table"](page, TABLE) == page
    assert rooms["picture"](TABLE) == rooms["PICTURE"].read_text(encoding="utf-8")


def _loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "code",
    [
        "import ganfx",
        "from ganfx.cli import cli\ncli.main(['--help'], standalone_mode=False)",
        "from ganfx.cli import cli\ncli.main(['upscale', '--help'], standalone_mode=False)",
        "from ganfx.cli import cli\ncli.main(['inpaint', '--help'], standalone_mode=False)",
        "from ganfx.cli import cli\ncli.main(['watch', '--help'], standalone_mode=False)",
        "from ganfx.cli import cli\ncli.main(['enhance', '--help'], standalone_mode=False)",
        "from ganfx.cli import cli\ncli.main(['serve', '--help'], standalone_mode=False)",
        "from ganfx.cli import cli\ncli.main(['plugins', 'install', '--help'], standalone_mode=False)",
    ],
)
def test_help_stays_light(code: str) -> None:
    assert not {"torch", "numpy", "onnxruntime", "cv2", "pyvips"} & _loaded_by(code)


def test_help_is_quick() -> None:
    """Measured against what no click program can avoid, in the same run, since processors differ."""

    def cpu_seconds(*arguments: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    rounds = [(cpu_seconds("-m", "ganfx", "--help"), cpu_seconds("-c", "import click")) for _ in range(5)]
    ours, click = (min(column) for column in zip(*rounds, strict=True))
    assert ours < 4 * click, rounds


def test_every_package_is_installed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = [path.parent.relative_to(ROOT) for path in (ROOT / "ganfx").rglob("__init__.py")]
    assert set(settings["packages"]) == {".".join(folder.parts) for folder in folders} | {
        "ganfx.exporters",
        "ganfx.plugins",
    }


def test_every_public_name_is_there() -> None:
    import ganfx

    assert all(getattr(ganfx, name) for name in ganfx.__all__)


def test_errors_docstring_draws_the_whole_tree() -> None:
    from ganfx import errors

    classes = [
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.GanfxError)
    ]
    for class_ in classes:
        assert class_.__name__ in (errors.__doc__ or "")
