"""The address of the page of the service that runs, with a ticket that opens it once."""

from __future__ import annotations

import contextlib
import http.client
import json
from pathlib import Path

from ganfx.server.registration import HOST
from ganfx.server.state_dir import ADDRESS, read_json


def page_address(folder: Path) -> str | None:
    """The address for the service with the state folder `folder`; None where no service with a page answers."""
    address = read_json(folder / ADDRESS)
    try:
        connection = http.client.HTTPConnection(HOST, address["port"], timeout=5)
        with contextlib.closing(connection):
            headers = {"Authorization": f"Bearer {address['token']}", "Content-Length": "0"}
            connection.request("POST", "/v1/tickets", headers=headers)
            reply = json.loads(connection.getresponse().read())
            return f"http://{HOST}:{address['port']}{reply['page']}#{reply['ticket']}"
    except (OSError, http.client.HTTPException, ValueError, TypeError, KeyError):
        return None
