"""Runs inside GIMP, in its batch interpreter: executes the Python files that tests write to FOLDER.

The files can use GIMP's modules and the functions below, and return the variable `answer`.
"""

import json
import os
import time
import traceback
from pathlib import Path

from gi.repository import Gegl, Gimp, Gio


def load(path):
    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))


def export(image, path):
    assert Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(path), None)


def call(name, image, *drawables, mode=Gimp.RunMode.NONINTERACTIVE, **values):
    """Run a procedure on drawables, by default the first layer; returns status, error message and image."""
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("run-mode", mode)
    config.set_property("image", image)
    config.set_core_object_array("drawables", list(drawables) or image.get_layers()[:1])
    for key, value in values.items():
        config.set_property(key.replace("_", "-"), value)
    result = procedure.run(config)
    status = result.index(0)
    output = result.index(1) if status == Gimp.PDBStatusType.SUCCESS else None
    return {"status": status.value_nick, "message": Gimp.get_pdb().get_last_error(), "image": output}


def dump(drawable, path, form):
    """Write the pixels of a drawable to a file; returns width, height and offsets."""
    size = drawable.get_width(), drawable.get_height()
    rect = Gegl.Rectangle.new(0, 0, *size)
    Path(path).write_bytes(bytes(drawable.get_buffer().get(rect, 1.0, form, Gegl.AbyssPolicy.NONE)))
    return [*size, *drawable.get_offsets()[1:]]


def run_jobs():
    names, parent = dict(globals()), os.getppid()
    # Until GIMP ends: this process would outlive it.
    while os.getppid() == parent:
        for job in sorted(Path(FOLDER).glob("*.py")):  # noqa: F821
            try:
                exec(job.read_text(), names)
                reply = {"answer": names.get("answer")}
            except BaseException:
                reply = {"error": traceback.format_exc()}
            job.unlink()
            part = job.with_suffix(".part")
            part.write_text(json.dumps(reply, default=str))
            part.rename(job.with_suffix(".json"))
        time.sleep(0.05)


run_jobs()
