"""The page's sessions and routes, below the browser: who gets in, and what a picture's way through it is."""

from __future__ import annotations

import contextlib
import io
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganfx.server.page import page_files
from ganfx.server.sessions import TICKET_S, Sessions
from ganfx.server.sitting import shown_name, suffix_of
from tests.server.services import Service, serving, wait_until


def response(service: Service, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[Any, bytes]:
    """The response and its body, to a request without the token."""
    with contextlib.closing(service.connect()) as connection:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()


def begin(service: Service, **headers: str) -> tuple[Any, bytes]:
    _, reply = service.request("POST", "/v1/tickets", headers=service.headers | {"Content-Length": "0"})
    return response(service, "POST", "/v1/sessions", json.dumps({"ticket": reply["ticket"]}).encode(), **headers)


@pytest.fixture(scope="module")
def session(service: Service) -> tuple[str, str]:
    """(base, cookie) of a session."""
    answer, body = begin(service)
    assert answer.status == 200
    return json.loads(body)["base"], answer.getheader("Set-Cookie").split(";")[0]


def test_the_cookie_is_for_the_page_alone(service: Service) -> None:
    answer, body = begin(service)
    cookie, base = answer.getheader("Set-Cookie"), json.loads(body)["base"]
    assert {"HttpOnly", "SameSite=strict", f"Path={base}"} <= set(cookie.split("; "))
    assert len(base) > 30


def test_a_ticket_opens_one_session_and_not_for_ever() -> None:
    now = 0.0
    sessions = Sessions(lambda: now)
    ticket, late = sessions.ticket(), sessions.ticket()
    path, cookie = sessions.begin(ticket) or ("", "")
    assert sessions.knows(path, cookie)
    assert sessions.begin(ticket) is None
    assert not sessions.knows(path, "")
    assert not sessions.knows("other", "")
    now = TICKET_S + 1
    assert sessions.begin(late) is None


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Cookie": ""}, 401),
        ({"Cookie": "ganfx=wrong"}, 401),
        ({"Origin": "https://example.org"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Host": "example.org"}, 403),
    ],
)
def test_a_session_needs_its_cookie_and_its_own_page(
    service: Service, session: tuple[str, str], change: dict[str, str], status: int
) -> None:
    base, cookie = session
    answer, _ = response(service, "GET", f"{base}/v1/sitting", **{"Cookie": cookie} | change)
    assert answer.status == status


def test_the_cookie_is_worth_nothing_at_another_path(service: Service, session: tuple[str, str]) -> None:
    for path in ("/v1/sitting", "/ui/other/v1/sitting", "/ui//v1/sitting", f"{session[0]}/../v1/sitting"):
        assert response(service, "GET", path, Cookie=session[1])[0].status == 401, path


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ticket": "wrong"}', b'{"ticket": 1}', b"x" * 100_000])
def test_wrong_tickets_are_refused(service: Service, body: bytes) -> None:
    assert response(service, "POST", "/v1/sessions", body)[0].status in (400, 401)


def test_other_pages_cannot_use_up_a_ticket(service: Service) -> None:
    assert begin(service, Origin="https://example.org")[0].status == 403


@pytest.mark.parametrize("name", page_files())
def test_the_pages_files_run_no_script_but_their_own(service: Service, name: str) -> None:
    answer, body = response(service, "GET", f"/ui/{name}")
    policy = answer.getheader("Content-Security-Policy")
    assert answer.status == 200
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert b"https:" not in body


def test_nothing_else_is_served_beside_the_page(service: Service) -> None:
    for name in ("../page.py", "..%2fpage.py", "page.py", "%2e%2e/page.py"):
        assert response(service, "GET", f"/ui/{name}")[0].status in (401, 404)


def test_the_page_is_small_enough_to_be_read() -> None:
    """Lines of code: without blank ones, and without the comments, of which most are the types."""
    folder = Path(__file__).parents[2] / "ganfx" / "server" / "web"
    lines = [line.strip() for name in page_files() for line in (folder / name).read_text(encoding="utf-8").splitlines()]
    assert sum(not line.startswith(("/**", "*", "//")) for line in lines if line) <= 1500


def picture() -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.arange(36, dtype=np.uint8).reshape(3, 4, 3)).save(data, "PNG")
    return data.getvalue()


def upload(service: Service, name: str, body: bytes) -> tuple[int, Any]:
    return service.request("POST", f"/v1/files?name={name}", body, service.headers)  # type: ignore[no-any-return]


def made(service: Service, **asked: Any) -> Any:
    """The finished job of a request."""
    status, job = service.request("POST", "/v1/jobs", json.dumps(asked).encode(), service.headers)
    assert status == 201, job
    path = f"/v1/jobs/{job['id']}"
    return wait_until(lambda: (found := service.request("GET", path)[1])["state"] in ("done", "failed") and found)


def test_a_picture_comes_back_enlarged_under_its_name(service: Service) -> None:
    status, file = upload(service, "a%20b.png", picture())
    assert (status, file["name"], file["width"], file["height"]) == (201, "a b.png", 4, 3)
    done = made(service, file=file["id"], steps=[{"filter": "upscale", "options": {"clean": "off"}}])
    assert (done["result"]["name"], done["result"]["width"]) == ("a b_x4.png", 16)
    answer, data = response(service, "GET", f"/v1/files/{done['result']['id']}", **service.headers)
    assert answer.getheader("Content-Disposition") == "attachment; filename*=UTF-8''a%20b_x4.png"
    assert Image.open(io.BytesIO(data)).size == (16, 12)
    answer, data = response(service, "GET", f"/v1/files/{done['result']['id']}/view?side=8", **service.headers)
    assert Image.open(io.BytesIO(data)).size == (8, 6)


def test_an_animation_comes_back_with_all_its_frames(service: Service) -> None:
    sent = io.BytesIO()
    first, *rest = [Image.new("RGB", (4, 3), color) for color in ("red", "green", "blue")]
    first.save(sent, "WEBP", save_all=True, append_images=rest, duration=[100, 200, 300], lossless=True)
    _, file = upload(service, "a.webp", sent.getvalue())
    assert (file["frames"], file["notes"]) == (3, ["the first of 3 frames is shown"])
    steps = [{"filter": "upscale", "options": {"clean": "off"}}]
    done = made(service, file=file["id"], steps=steps)
    assert done["result"]["frames"] == 3
    _, data = response(service, "GET", f"/v1/files/{done['result']['id']}", **service.headers)
    found = Image.open(io.BytesIO(data))
    assert (found.size, found.n_frames) == ((16, 12), 3)
    failed = made(service, file=file["id"], steps=steps, format="jpg")
    assert failed["error"]["message"] == "it has 3 frames, and JPEG holds one picture"


def test_a_part_of_a_picture_is_seen_and_made_alone(service: Service) -> None:
    _, file = upload(service, "a.png", picture())
    for box, status in (("1,1,2,9", 200), ("4,0,1,1", 422), ("1,1,2", 400), ("-1,0,1,1", 400)):
        answer, data = response(service, "GET", f"/v1/files/{file['id']}/view?box={box}", **service.headers)
        assert answer.status == status
        assert status != 200 or Image.open(io.BytesIO(data)).size == (2, 2)
    done = made(service, file=file["id"], steps=[{"filter": "upscale"}], box=[1, 1, 2, 9])
    assert (done["box"], done["result"]["width"], done["result"]["height"]) == ([1, 1, 2, 2], 8, 8)


def test_a_mask_is_no_picture_of_the_list(service: Service) -> None:
    _, file = upload(service, "a.png", picture())
    white = io.BytesIO()
    Image.fromarray(np.eye(3, 4, dtype=np.uint8) * 255).save(white, "PNG")
    _, mask = upload(service, "m.png&role=mask", white.getvalue())
    assert mask["role"] == "mask"
    assert upload(service, "m.png&role=result", white.getvalue())[0] == 400
    done = made(service, file=file["id"], steps=[{"filter": "inpaint"}], mask=mask["id"])
    _, data = response(service, "GET", f"/v1/files/{done['result']['id']}", **service.headers)
    changed = (np.asarray(Image.open(io.BytesIO(data))) != np.asarray(Image.open(io.BytesIO(picture())))).any(axis=2)
    assert (changed == np.eye(3, 4, dtype=bool)).all()


def test_results_are_saved_where_the_user_says_and_replace_nothing(service: Service, tmp_path: Path) -> None:
    _, file = upload(service, "mine.png", picture())
    made(service, file=file["id"], steps=[{"filter": "upscale"}])

    def save(folder: object) -> tuple[int, Any]:
        return service.request("POST", "/v1/results/save", json.dumps({"folder": folder}).encode(), service.headers)  # type: ignore[no-any-return]

    target = tmp_path / "large"
    for expected in ("mine_x4.png", "mine_x4-2.png"):
        status, reply = save(str(target))
        assert status == 200
        assert expected in reply["saved"]
        assert not reply["failed"]
    for folder in ("large", "", "/no/such/place", 1):
        assert 400 <= save(folder)[0] < 500
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    assert save(str(elsewhere))[0] == 400
    assert elsewhere.read_text() == "mine"


def test_what_is_known_of_a_picture_goes_with_it(service: Service) -> None:
    _, file = upload(service, "a.png", picture())
    job = made(service, file=file["id"], steps=[])
    assert response(service, "DELETE", f"/v1/files/{file['id']}", **service.headers)[0].status == 204
    assert service.request("GET", f"/v1/jobs/{job['id']}")[0] == 404


def test_a_file_that_is_no_picture_leaves_nothing_behind(service: Service) -> None:
    before = set((service.state / "sitting").glob("*"))
    status, reply = upload(service, "x.png", b"no picture")
    assert (status, reply["error"]["code"]) == (422, "unreadable")
    assert str(service.state) not in json.dumps(reply)
    assert set((service.state / "sitting").glob("*")) == before


@pytest.mark.parametrize(
    "change",
    [
        {"file": "gone"},
        {"steps": [{"filter": "no"}]},
        {"steps": [{"filter": "upscale", "model": "../x.onnx"}]},
        {"steps": [{"filter": "inpaint"}]},
        {"steps": [{"filter": "upscale"}] * 17},
        {"steps": [{"filter": "upscale", "options": {"scale": "nine"}}]},
        {"steps": [], "box": [0, 0, 2, 2]},
        {"box": [4, 0, 1, 1]},
        {"box": [0, 0, 0, 1]},
        {"mask": "gone"},
        {"format": "../x"},
        {"format": "exe"},
        {"output": "/tmp/x"},
    ],
)
def test_jobs_that_cannot_be_are_refused(service: Service, change: dict[str, Any]) -> None:
    _, file = upload(service, "a.png", picture())
    body = json.dumps({"file": file["id"], "steps": [{"filter": "upscale"}]} | change).encode()
    status, reply = service.request("POST", "/v1/jobs", body, service.headers)
    assert 400 <= status < 500
    assert reply["error"]["message"]


def test_nothing_of_a_sitting_stays(tmp_path: Path, models: Path) -> None:
    left = tmp_path / "sitting" / "left"
    left.parent.mkdir()
    left.write_bytes(b"by a service that crashed")
    with serving(tmp_path, models) as service:
        assert service.address
        assert not left.exists()
        upload(service, "a.png", picture())
        assert list((tmp_path / "sitting").iterdir())
        service.process.terminate()
        service.process.wait(30)
    assert not (tmp_path / "sitting").exists()


def test_events_tell_of_each_job(service: Service) -> None:
    _, file = upload(service, "a.png", picture())
    body = json.dumps({"file": file["id"], "steps": [{"filter": "upscale"}]}).encode()
    _, job = service.request("POST", "/v1/jobs", body, service.headers)
    with contextlib.closing(service.connect()) as connection:
        connection.request("GET", "/v1/events", headers=service.headers)
        stream, end = connection.getresponse(), time.monotonic() + 30
        found: dict[str, Any] = {}
        while not (found.get("id") == job["id"] and found["state"] == "done"):
            line = stream.readline()
            found = json.loads(line[6:]) if line.startswith(b"data: ") else {}
            assert time.monotonic() < end


@pytest.mark.parametrize(
    ("name", "shown", "suffix"),
    [
        ("../../etc/passwd", "passwd", ""),
        ("C:\\a\\b.JPG", "b.JPG", ".JPG"),
        ("a\n\u202eb.png", "a\\n\\u202eb.png", ".png"),
        ("", "picture", ""),
        ("x" * 500 + ".png", "x" * 200, ".png"),
    ],
)
def test_names_are_shown_and_never_used_as_paths(name: str, shown: str, suffix: str) -> None:
    assert (shown_name(name), suffix_of(name)) == (shown, suffix)
