"""The GIMP plug-in's own reasoning: what it sends, where it writes, and what it says when something is wrong.

That GIMP itself agrees is seen in tests/real_hosts.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.plugins.gimp.fake import FakeEngine, Image, Layer, Place
from tests.plugins.gimp.runs import control, run, schema


@pytest.mark.parametrize(
    ("encoding", "space", "kind", "sent"),
    [
        ("R'G'B' u8", "sRGB", (), (3, 8)),
        ("R'G'B'A u8", "sRGB", ("has_alpha",), (4, 8)),
        ("R~G~B~ u16", "sRGB", (), (3, 16)),
        ("Y' u8", "space-gray-sRGB", ("is_gray",), (1, 8)),
        ("Y'A u16", "sRGB", ("is_gray", "has_alpha"), (2, 16)),
        ("gimp-indexed-format-6-0x7f", "sRGB", ("is_indexed",), (3, 8)),
        # What 8 or 16 bits of sRGB would not hold goes as floats.
        ("RGB u16", "sRGB", (), (3, 32)),
        ("R'G'B' u8", "space-0.9642,1.0000", (), (3, 32)),
        ("R'G'B' u32", "sRGB", (), (3, 32)),
        ("RGBA half", "sRGB", ("has_alpha",), (4, 32)),
    ],
)
def test_layers_are_sent_with_all_that_they_hold(
    plug_in: ModuleType, engine: FakeEngine, encoding: str, space: str, kind: tuple[str, ...], sent: tuple[int, int]
) -> None:
    layer = Layer(Image((9, 9)), (5, 4), (0, 0), encoding, space, ("is_layer", "is_valid", *kind))
    assert run(plug_in, schema("heal", "found"), [layer]).status == "SUCCESS"
    (job,) = engine.sent
    assert (job.pixels.channels, job.pixels.depth) == sent
    assert (job.pixels.width, job.pixels.height) == (5, 4)


@pytest.mark.parametrize(
    ("selected", "offsets", "seen"),
    [
        # Of a small layer all is seen; of a large one what may matter, cut at a multiple of 512.
        ((100, 50, 20, 10), (0, 0), (0, 0, 632, 572)),
        ((2100, 1700, 20, 10), (0, 0), (1536, 1024, 1096, 976)),
        ((2100, 1700, 20, 10), (1000, -200), (512, 1024, 1120, 976)),
        ((0, 0, 4000, 3000), (0, 0), (0, 0, 3000, 2000)),
    ],
)
def test_filling_sends_the_surroundings_of_the_selection(
    plug_in: ModuleType, engine: FakeEngine, selected: Place, offsets: tuple[int, int], seen: Place
) -> None:
    image = Image((4000, 3000), selected)
    assert run(plug_in, schema("inpaint", "required"), [Layer(image, (3000, 2000), offsets)]).status == "SUCCESS"
    (job,) = engine.sent
    in_image = (seen[0] + offsets[0], seen[1] + offsets[1], *seen[2:])
    assert (job.pixels.width, job.pixels.height, len(job.mask)) == (*seen[2:], seen[2] * seen[3])
    # The same pixels are read, masked, selected alone for writing, and written.
    assert ("get", "R'G'B' u8", seen) in image.notes
    assert ("get", "Y u8", in_image) in image.notes
    assert ("select_rectangle", "REPLACE", *in_image) in image.notes
    assert ("set", "R'G'B' u8", seen) in image.notes
    assert [note[0] for note in image.notes][-2:] == ["combine_masks", "undo_group_end"]


def test_filters_within_a_selection_leave_it_to_gimp(plug_in: ModuleType, engine: FakeEngine) -> None:
    image = Image((60, 40), (5, 5, 9, 9))
    run(plug_in, schema("stylize"), [Layer(image, (60, 40))])
    assert [note[0] for note in image.notes] == ["get", "undo_group_start", "copy", "set", "merge", "undo_group_end"]
    assert engine.sent[0].mask == b""


@pytest.mark.parametrize(
    ("base", "channels", "converts"), [("GRAY", 3, True), ("GRAY", 1, False), ("RGB", 3, False), ("INDEXED", 3, True)]
)
def test_an_image_becomes_rgb_where_the_answer_has_colors_that_it_cannot_hold(
    plug_in: ModuleType, engine: FakeEngine, base: str, channels: int, converts: bool
) -> None:
    image, engine.channels = Image((9, 9), base=base), channels
    assert run(plug_in, schema("colorize", colors=True), [Layer(image, (9, 9))]).status == "SUCCESS"
    assert (("convert_rgb",) in image.notes) is converts


def test_enlarging_scales_the_image_and_then_writes(plug_in: ModuleType, engine: FakeEngine) -> None:
    image, engine.scale = Image((60, 40), (5, 5, 9, 9)), 2
    assert run(plug_in, schema("upscale", scale=2), [Layer(image, (30, 20), (-4, 7))]).status == "SUCCESS"
    scaled, written = image.notes.index(("scale", 120, 80)), image.notes.index(("set", "R'G'B' u8", (0, 0, 60, 40)))
    assert scaled < image.notes.index(("unselect",)) < written


@pytest.mark.parametrize(
    ("layer", "selected", "sentence"),
    [
        ({"locked": True}, None, "The pixels of 'Sky' are locked"),
        ({"parent": Layer(Image((9, 9)), (9, 9), locked=True)}, None, "The pixels of 'Sky' are locked"),
        ({"kind": ("is_channel",)}, None, "Only layers and groups can be worked on"),
        ({"offsets": (5, 5)}, (0, 0, 2, 2), "The selection does not touch 'Sky'"),
    ],
)
def test_what_cannot_be_worked_on_is_not_even_sent(
    plug_in: ModuleType, engine: FakeEngine, layer: dict[str, Any], selected: Place | None, sentence: str
) -> None:
    image = Image((9, 9), selected)
    answer = run(plug_in, schema("stylize"), [Layer(image, (9, 9), **layer)])
    assert answer.status == "EXECUTION_ERROR"
    assert sentence in answer.error
    assert engine.sent == image.notes == []


def test_nothing_selected_and_no_layer_are_refused(plug_in: ModuleType, engine: FakeEngine) -> None:
    layer = Layer(Image((9, 9)), (9, 9))
    assert "Nothing is selected" in run(plug_in, schema("inpaint", "required"), [layer]).error
    assert "Choose a layer" in run(plug_in, schema("stylize"), []).error


def test_a_failing_engine_leaves_the_image_alone(plug_in: ModuleType, engine: FakeEngine) -> None:
    image = Image((9, 9))
    engine.failure = plug_in.GanfxError("The engine is tired", "Let it rest")
    answer = run(plug_in, schema("stylize"), [Layer(image, (9, 9))])
    assert (answer.status, answer.error) == ("EXECUTION_ERROR", "The engine is tired. Let it rest")
    assert {note[0] for note in image.notes} == {"get"}


def test_a_mistake_of_its_own_is_an_error_too(plug_in: ModuleType, engine: FakeEngine) -> None:
    engine.failure = ZeroDivisionError("oh")
    answer = run(plug_in, schema("stylize"), [Layer(Image((9, 9)), (9, 9))])
    assert answer.status == "EXECUTION_ERROR"
    assert "oh" in answer.error


def test_undo_is_closed_when_writing_fails(plug_in: ModuleType, engine: FakeEngine) -> None:
    image = Image((9, 9))
    answer = run(plug_in, schema("stylize"), [Layer(image, (9, 9), writable=False)])
    assert "It is not to be" in answer.error
    assert image.notes[-1] == ("undo_group_end",)


@pytest.mark.parametrize("change", [{"size": (8, 9)}, {"offsets": (1, 0)}, {"kind": ("is_layer",)}])
def test_an_image_that_was_changed_meanwhile_is_left_alone(
    plug_in: ModuleType, engine: FakeEngine, change: dict[str, Any]
) -> None:
    image = Image((9, 9))
    layer = Layer(image, (9, 9))
    engine.while_working = lambda: [setattr(layer, name, value) for name, value in change.items()]
    assert "was changed while the engine worked" in run(plug_in, schema("stylize"), [layer]).error
    assert {note[0] for note in image.notes} == {"get"}


def test_an_answer_of_another_size_is_not_written(plug_in: ModuleType, engine: FakeEngine) -> None:
    image, engine.scale = Image((9, 9)), 2
    assert "18x18" in run(plug_in, schema("stylize"), [Layer(image, (9, 9))]).error
    assert {note[0] for note in image.notes} == {"get"}


def test_arguments_are_declared_from_the_schema(plug_in: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    controls = [
        control("strength", "float", 1.0, low=0, high=1.5),
        control("grow", "int", 3, low=0, high=500),
        control("keep_color", "bool", False),
        control("detail", "choice", "fine", choices={"coarse": "Coarse", "fine": "Fine"}),
        control("hint", "text", ""),
    ]
    known = {"stylize": schema("stylize", controls=controls), "upscale": schema("upscale", scale=4)}
    monkeypatch.setattr(plug_in, "_filters", lambda: known)
    menu = plug_in.Ganfx()
    assert menu.do_init_procedures() == ["ganfx-stylize", "ganfx-upscale"]
    found = menu.do_create_procedure("ganfx-stylize").arguments
    assert found["model"][:2] == ("choice", "_Model")
    assert found["model"][3:5] == ({"stylize-1": "stylize 1", "stylize-2": "stylize 2"}, "stylize-1")
    assert found["strength"][0::3] == ("double", 0, "READWRITE")
    assert found["strength"][3:6] == (0, 1.5, 1.0)
    assert found["grow"][3:6] == (0, 500, 3)
    assert found["keep-color"][3] is False
    assert found["detail"][3:5] == ({"coarse": "Coarse", "fine": "Fine"}, "fine")
    assert found["hint"][3:] == ("", "READWRITE")
    assert "result" not in found
    assert list(menu.do_create_procedure("ganfx-upscale").arguments["result"][3]) == ["this", "new"]


def test_options_are_sent_by_the_engines_names(plug_in: ModuleType, engine: FakeEngine) -> None:
    controls = [control("keep_color", "bool", True), control("hint", "text", "")]
    run(plug_in, schema("stylize", controls=controls), [Layer(Image((9, 9)), (9, 9))], model="stylize-2")
    assert (engine.sent[0].filter, engine.sent[0].model) == ("stylize", "stylize-2")
    assert engine.sent[0].options == {"keep_color": True, "hint": ""}


@pytest.mark.parametrize("trouble", [None, ValueError("broken")])
def test_without_an_engine_the_menu_says_what_to_do(
    plug_in: ModuleType, monkeypatch: pytest.MonkeyPatch, trouble: Exception | None
) -> None:
    def beside(file: str) -> None:
        raise trouble or plug_in.GanfxError("This plug-in does not know its engine", "Run: ganfx plugins install")

    monkeypatch.setattr(plug_in.Engine, "beside", beside)
    menu = plug_in.Ganfx()
    assert menu.do_init_procedures() == ["ganfx-none"]
    procedure = menu.do_create_procedure("ganfx-none")
    answer = procedure.call(procedure, "INTERACTIVE", None, [], None, None)
    assert answer.status == "EXECUTION_ERROR"
    assert ("broken" if trouble else "Run: ganfx plugins install") in answer.error
    assert procedure.arguments == {}


def test_a_filter_that_is_gone_says_so(plug_in: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plug_in, "_filters", lambda: {"stylize": schema("stylize")})
    procedure = plug_in.Ganfx().do_create_procedure("ganfx-upscale")
    assert "Start GIMP anew" in procedure.call(procedure, "INTERACTIVE", None, [], None, None).error
