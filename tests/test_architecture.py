"""The plan of the house, kept true: who may import whom, and what must stay light."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# part: (parts of ganfx it may import, third-party packages it may import)
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "errors": (set(), set()),
    "spec": ({"errors"}, set()),
    "imaging": ({"errors"}, {"numpy", "cv2"}),
    "files": ({"imaging", "errors"}, {"pyvips", "numpy"}),
    "filters": ({"imaging", "spec", "errors"}, {"numpy", "cv2"}),
    "engine": ({"spec", "errors"}, {"cv2", "numpy", "onnx", "onnxruntime", "onnxruntime_ep_openvino", "platformdirs"}),
    "hub": (
        {"spec", "errors", "exporters", "weights"},
        {"numpy", "onnx", "onnxruntime", "pooch", "platformdirs", "torch", "spandrel"},
    ),
    "pipeline": ({"filters", "engine", "hub", "imaging", "errors"}, {"numpy", "cv2"}),
    "batch": ({"pipeline", "files", "filters", "imaging", "errors"}, {"platformdirs", "psutil"}),
    "watch": ({"batch", "pipeline", "files", "filters", "errors"}, {"psutil", "watchdog"}),
    "server": (
        {"engine", "errors", "files", "filters", "hub", "imaging", "pipeline"},
        {"cv2", "filelock", "numpy", "platformdirs", "psutil", "pydantic", "starlette", "uvicorn"},
    ),
    "hosts": ({"server", "errors"}, {"psutil", "gi"}),
    "cli": (
        {
            "batch",
            "engine",
            "errors",
            "evaluation",
            "exporters",
            "files",
            "filters",
            "hosts",
            "hub",
            "pipeline",
            "server",
            "training",
            "watch",
        },
        {"click", "rich"},
    ),
    "training": ({"spec", "errors"}, {"torch", "lightning_fabric", "numpy", "pyvips", "cv2"}),
    "evaluation": (
        {
            "batch",
            "pipeline",
            "engine",
            "files",
            "hub",
            "imaging",
            "filters",
            "spec",
            "errors",
            "training",
        },
        {"numpy", "cv2", "scipy", "skimage", "torch", "torchmetrics", "pyvips", "onnx"},
    ),
    "exporters": (
        {"spec", "errors", "engine", "training"},
        {"torch", "torchvision", "onnx", "onnxruntime", "numpy", "spandrel", "safetensors", "onnxscript"},
    ),
    "weights": (set(), set()),
    "__main__": ({"cli"}, set()),
}
# Part and the packages that it may import only inside functions.
LAZY = {
    "engine": {"onnxruntime", "onnxruntime_ep_openvino"},
    "hosts": {"gi"},
    "hub": {"torch", "spandrel", "onnxruntime", "exporters"},
    "filters": {"numpy", "cv2"},
    "cli": {"evaluation", "exporters", "training"},
}


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


@pytest.mark.parametrize(("part", "path"), _files(), ids=lambda value: getattr(value, "name", value))
def test_imports_follow_the_table(part: str, path: Path) -> None:
    if path == ROOT / "ganfx" / "__init__.py":
        return
    inside, outside = ALLOWED[part]
    for module, eager in _imports(ast.parse(path.read_text(encoding="utf-8"))):
        name = _part(module)
        ours = module.split(".")[0] == "ganfx"
        if name in sys.stdlib_module_names or name == part or module in ("ganfx", "ganfx.__version__"):
            continue
        assert name in (inside if ours else outside), f"{path.name} imports {module}"
        assert not (eager and name in LAZY.get(part, set())), f"{path.name} imports {module} outside a function"


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
    assert not {"torch", "onnxruntime", "cv2", "pyvips"} & _loaded_by(code)


def test_help_is_quick() -> None:
    def cpu_seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "ganfx", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # The processor's time: what the clock says depends on whatever else the machine is doing.
    assert min(cpu_seconds() for _ in range(3)) < 0.2


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
