"""The GIMP plug-in on layers, with a fake GIMP: what it sends, where it writes, and its error messages.

tests/real_hosts does the same in the real GIMP.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.plugins.gimp.fake import FakeClient, Image, Layer, Rect
from tests.plugins.gimp.helpers import control, run, schema


@pytest.mark.parametrize(
    ("encoding", "space", "kind", "sent"),
    [
        ("R'G'B' u8", "sRGB", (), (3, 8)),
        ("R'G'B'A u8", "sRGB", ("has_alpha",), (4, 8)),
        ("R~G~B~ u16", "sRGB", (), (3, 16)),
        ("Y' u8", "space-gray-sRGB", ("is_gray",), (1, 8)),
        ("Y'A u16", "sRGB", ("is_gray", "has_alpha"), (2, 16)),
        ("gimp-indexed-format-6-0x7f", "sRGB", ("is_indexed",), (3, 8)),
        # Sent as floats, since 8 or 16 bits of sRGB would lose something.
        ("RGB u16", "sRGB", (), (3, 32)),
        ("R'G'B' u8", "space-0.9642,1.0000", (), (3, 32)),
        ("R'G'B' u32", "sRGB", (), (3, 32)),
        ("RGBA half", "sRGB", ("has_alpha",), (4, 32)),
    ],
)
def test_layers_are_sent_in_a_depth_that_loses_nothing(
    plug_in: ModuleType, client: FakeClient, encoding: str, space: str, kind: tuple[str, ...], sent: tuple[int, int]
) -> None:
    layer = Layer(Image((9, 9)), (5, 4), (0, 0), encoding, space, ("is_layer", "is_valid", *kind))
    assert run(plug_in, schema("heal", "found"), [layer]).status == "SUCCESS"
    (job,) = client.sent
    assert (job.pixels.channels, job.pixels.depth) == sent
    assert (job.pixels.width, job.pixels.height) == (5, 4)


@pytest.mark.parametrize(
    ("selected", "offsets", "rect"),
    [
        # All of a small layer; of a large one the surroundings, cut at a multiple of 512.
        ((100, 50, 20, 10), (0, 0), (0, 0, 632, 572)),
        ((2100, 1700, 20, 10), (0, 0), (1536, 1024, 1096, 976)),
        ((2100, 1700, 20, 10), (1000, -200), (512, 1024, 1120, 976)),
        ((0, 0, 4000, 3000), (0, 0), (0, 0, 3000, 2000)),
    ],
)
def test_filling_sends_the_surroundings_of_the_selection(
    plug_in: ModuleType, client: FakeClient, selected: Rect, offsets: tuple[int, int], rect: Rect
) -> None:
    image = Image((4000, 3000), selected)
    assert run(plug_in, schema("inpaint", "required"), [Layer(image, (3000, 2000), offsets)]).status == "SUCCESS"
    (job,) = client.sent
    in_image = (rect[0] + offsets[0], rect[1] + offsets[1], *rect[2:])
    assert (job.pixels.width, job.pixels.height, len(job.mask)) == (*rect[2:], rect[2] * rect[3])
    # The same rectangle is read, masked, selected for writing, and written.
    assert ("get", "R'G'B' u8", rect) in image.calls
    assert ("get", "Y u8", in_image) in image.calls
    assert ("select_rectangle", "REPLACE", *in_image) in image.calls
    assert ("set", "R'G'B' u8", rect) in image.calls
    assert [call[0] for call in image.calls][-2:] == ["combine_masks", "undo_group_end"]


def test_gimp_applies_the_selection_for_other_filters(plug_in: ModuleType, client: FakeClient) -> None:
    image = Image((60, 40), (5, 5, 9, 9))
    run(plug_in, schema("stylize"), [Layer(image, (60, 40))])
    assert [call[0] for call in image.calls] == ["get", "undo_group_start", "copy", "set", "merge", "undo_group_end"]
    assert client.sent[0].mask == b""


@pytest.mark.parametrize(
    ("base", "channels", "converts"), [("GRAY", 3, True), ("GRAY", 1, False), ("RGB", 3, False), ("INDEXED", 3, True)]
)
def test_an_image_becomes_rgb_if_the_result_has_colors(
    plug_in: ModuleType, client: FakeClient, base: str, channels: int, converts: bool
) -> None:
    image, client.channels = Image((9, 9), base=base), channels
    assert run(plug_in, schema("colorize", colors=True), [Layer(image, (9, 9))]).status == "SUCCESS"
    assert (("convert_rgb",) in image.calls) is converts


def test_enlarging_scales_the_image_and_then_writes(plug_in: ModuleType, client: FakeClient) -> None:
    image, client.scale = Image((60, 40), (5, 5, 9, 9)), 2
    assert run(plug_in, schema("upscale", scale=2), [Layer(image, (30, 20), (-4, 7))]).status == "SUCCESS"
    scaled, written = image.calls.index(("scale", 120, 80)), image.calls.index(("set", "R'G'B' u8", (0, 0, 60, 40)))
    assert scaled < image.calls.index(("unselect",)) < written


def test_a_size_means_the_image_and_layers_follow(plug_in: ModuleType, client: FakeClient) -> None:
    image, client.scale = Image((60, 40)), 1.5
    layers = [Layer(image, (60, 40)), Layer(image, (21, 15), (3, 4))]
    assert run(plug_in, schema("upscale", scale=4), layers).status == "SUCCESS"
    assert [job.canvas for job in client.sent] == [(60, 40), (60, 40)]
    assert ("scale", 90, 60) in image.calls
    assert ("set", "R'G'B' u8", (0, 0, 32, 22)) in image.calls


@pytest.mark.parametrize(
    ("layer", "selected", "sentence"),
    [
        ({"locked": True}, None, "The pixels of 'Sky' are locked"),
        ({"parent": Layer(Image((9, 9)), (9, 9), locked=True)}, None, "The pixels of 'Sky' are locked"),
        ({"kind": ("is_channel",)}, None, "Only layers and groups can be worked on"),
        ({"offsets": (5, 5)}, (0, 0, 2, 2), "The selection does not touch 'Sky'"),
    ],
)
def test_drawables_that_cannot_be_changed_are_refused_before_sending(
    plug_in: ModuleType, client: FakeClient, layer: dict[str, Any], selected: Rect | None, sentence: str
) -> None:
    image = Image((9, 9), selected)
    result = run(plug_in, schema("stylize"), [Layer(image, (9, 9), **layer)])
    assert result.status == "EXECUTION_ERROR"
    assert sentence in result.error
    assert client.sent == image.calls == []


def test_nothing_selected_and_no_layer_are_refused(plug_in: ModuleType, client: FakeClient) -> None:
    layer = Layer(Image((9, 9)), (9, 9))
    assert "Nothing is selected" in run(plug_in, schema("inpaint", "required"), [layer]).error
    assert "Choose a layer" in run(plug_in, schema("stylize"), []).error


def test_a_failing_service_leaves_the_image_unchanged(plug_in: ModuleType, client: FakeClient) -> None:
    image = Image((9, 9))
    client.failure = plug_in.ServiceError("The engine is tired", "Let it rest")
    result = run(plug_in, schema("stylize"), [Layer(image, (9, 9))])
    assert (result.status, result.error) == ("EXECUTION_ERROR", "The engine is tired. Let it rest")
    assert {call[0] for call in image.calls} == {"get"}


def test_an_unexpected_exception_is_reported_as_an_error(plug_in: ModuleType, client: FakeClient) -> None:
    client.failure = ZeroDivisionError("oh")
    result = run(plug_in, schema("stylize"), [Layer(Image((9, 9)), (9, 9))])
    assert result.status == "EXECUTION_ERROR"
    assert "oh" in result.error


def test_the_undo_group_is_closed_when_writing_fails(plug_in: ModuleType, client: FakeClient) -> None:
    image = Image((9, 9))
    result = run(plug_in, schema("stylize"), [Layer(image, (9, 9), writable=False)])
    assert "It is not to be" in result.error
    assert image.calls[-1] == ("undo_group_end",)


@pytest.mark.parametrize("change", [{"size": (8, 9)}, {"offsets": (1, 0)}, {"kind": ("is_layer",)}])
def test_an_image_changed_meanwhile_is_left_unchanged(
    plug_in: ModuleType, client: FakeClient, change: dict[str, Any]
) -> None:
    image = Image((9, 9))
    layer = Layer(image, (9, 9))
    client.while_working = lambda: [setattr(layer, name, value) for name, value in change.items()]
    assert "was changed while the engine worked" in run(plug_in, schema("stylize"), [layer]).error
    assert {call[0] for call in image.calls} == {"get"}


def test_a_result_of_another_size_is_not_written(plug_in: ModuleType, client: FakeClient) -> None:
    image, client.scale = Image((9, 9)), 2
    assert "18x18" in run(plug_in, schema("stylize"), [Layer(image, (9, 9))]).error
    assert {call[0] for call in image.calls} == {"get"}


def test_arguments_are_declared_from_the_schema(plug_in: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    controls = [
        control("strength", "float", 1.0, low=0, high=1.5),
        control("grow", "int", 3, low=0, high=500),
        control("keep_color", "bool", False),
        control("detail", "choice", "fine", choices={"coarse": "Coarse", "fine": "Fine"}),
        control("hint", "text", ""),
    ]
    filters = {"stylize": schema("stylize", controls=controls), "upscale": schema("upscale", scale=4)}
    monkeypatch.setattr(plug_in, "_filters", lambda: filters)
    menu = plug_in.Ganfx()
    assert menu.do_init_procedures() == ["ganfx-stylize", "ganfx-upscale"]
    arguments = menu.do_create_procedure("ganfx-stylize").arguments
    assert arguments["model"][:2] == ("choice", "_Model")
    assert arguments["model"][3:5] == ({"stylize-1": "stylize 1", "stylize-2": "stylize 2"}, "stylize-1")
    assert arguments["strength"][0::3] == ("double", 0, "READWRITE")
    assert arguments["strength"][3:6] == (0, 1.5, 1.0)
    assert arguments["grow"][3:6] == (0, 500, 3)
    assert arguments["keep-color"][3] is False
    assert arguments["detail"][3:5] == ({"coarse": "Coarse", "fine": "Fine"}, "fine")
    assert arguments["hint"][3:] == ("", "READWRITE")
    assert "result" not in arguments
    assert list(menu.do_create_procedure("ganfx-upscale").arguments["result"][3]) == ["this", "new"]


@pytest.mark.parametrize(
    ("default", "declared", "values", "sent"),
    [
        ("auto", (True, 0.75), {}, "auto"),
        ("auto", (True, 0.75), {"strength_auto": False, "strength": 0.25}, 0.25),
        (0.5, (False, 0.5), {}, 0.5),
        (0.5, (False, 0.5), {"strength_auto": True}, "auto"),
    ],
)
def test_a_number_that_may_be_automatic_is_a_checkbox_and_a_number(
    plug_in: ModuleType,
    client: FakeClient,
    monkeypatch: pytest.MonkeyPatch,
    default: Any,
    declared: tuple[bool, float],
    values: dict[str, Any],
    sent: Any,
) -> None:
    filter_ = schema("stylize", controls=[control("strength", "float", default, low=0, high=1.5, auto="auto")])
    monkeypatch.setattr(plug_in, "_filters", lambda: {"stylize": filter_})
    arguments = plug_in.Ganfx().do_create_procedure("ganfx-stylize").arguments
    assert arguments["strength-auto"][0::3] == ("boolean", declared[0])
    assert arguments["strength"][3:6] == (0, 1.5, declared[1])
    assert list(arguments)[-2:] == ["strength-auto", "strength"]
    assert run(plug_in, filter_, [Layer(Image((9, 9)), (9, 9))], **values).status == "SUCCESS"
    assert client.sent[0].options == {"strength": sent}


def test_options_are_sent_by_their_schema_names(plug_in: ModuleType, client: FakeClient) -> None:
    controls = [control("keep_color", "bool", True), control("hint", "text", "")]
    run(plug_in, schema("stylize", controls=controls), [Layer(Image((9, 9)), (9, 9))], model="stylize-2")
    assert (client.sent[0].filter, client.sent[0].model) == ("stylize", "stylize-2")
    assert client.sent[0].options == {"keep_color": True, "hint": ""}


@pytest.mark.parametrize("error", [None, ValueError("broken")])
def test_without_settings_the_menu_shows_the_error(
    plug_in: ModuleType, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    def from_settings(file: str) -> None:
        raise error or plug_in.ServiceError("This plug-in does not know its engine", "Run: ganfx plugins install")

    monkeypatch.setattr(plug_in.ServiceClient, "from_settings", from_settings)
    menu = plug_in.Ganfx()
    assert menu.do_init_procedures() == ["ganfx-none"]
    procedure = menu.do_create_procedure("ganfx-none")
    result = procedure.call(procedure, "INTERACTIVE", None, [], None, None)
    assert result.status == "EXECUTION_ERROR"
    assert ("broken" if error else "Run: ganfx plugins install") in result.error
    assert procedure.arguments == {}


def test_a_filter_that_no_longer_exists_is_an_error(plug_in: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plug_in, "_filters", lambda: {"stylize": schema("stylize")})
    procedure = plug_in.Ganfx().do_create_procedure("ganfx-upscale")
    assert "Start GIMP anew" in procedure.call(procedure, "INTERACTIVE", None, [], None, None).error


@pytest.mark.parametrize(("kind", "added"), [((), 1), (("has_alpha",), 0)])
def test_a_layer_gets_the_alpha_of_its_result(
    plug_in: ModuleType, client: FakeClient, kind: tuple[str, ...], added: int
) -> None:
    client.channels = 4
    image = Image((9, 9))
    layer = Layer(image, (5, 4), kind=("is_layer", "is_valid", *kind))
    assert run(plug_in, schema("cutout"), [layer]).status == "SUCCESS"
    assert image.calls.count(("add_alpha",)) == added
    assert ("set", "R'G'B'A u8", (0, 0, 5, 4)) in image.calls
