"""The route that makes textures out of noise, by a generator that is installed."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ganfx.engine import EngineOptions
from ganfx.server.body import read_json
from ganfx.server.jobs import check_model_name
from ganfx.server.operations import operation, routes_of
from ganfx.server.replies import FileReply
from ganfx.server.sitting import Role, Sitting, SittingFile
from ganfx.textures.generating import TextureGenerator, TextureRequest
from ganfx.textures.latents import SEEDS, TextureSeeds

_MOST_SIDE = 4096


class TextureOrder(BaseModel):
    """A texture to be made.

    model                   a generator's name
    width, height           in pixels, multiples of 16
    seed                    sets layout and styles
    coarse, medium, fine    seeds of single styles instead
    truncation              0..1: below 1 styles are nearer to the mean
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    model: str = Field(min_length=1, max_length=100)
    width: int = Field(1024, ge=16, le=_MOST_SIDE)
    height: int = Field(1024, ge=16, le=_MOST_SIDE)
    seed: int = Field(0, ge=0, le=SEEDS)
    coarse: int | None = Field(None, ge=0, le=SEEDS)
    medium: int | None = Field(None, ge=0, le=SEEDS)
    fine: int | None = Field(None, ge=0, le=SEEDS)
    truncation: float = Field(1.0, ge=0, le=1)


class TextureRoutes:
    """The route; `used` is called with each sign of use, and textures become pictures of the sitting."""

    def __init__(self, sitting: Sitting, engine: EngineOptions, used: Callable[[], None]) -> None:
        self._sitting, self._engine, self._used = sitting, engine, used
        self.routes = routes_of(self)

    @operation("POST", "/v1/textures", body=TextureOrder, answer=FileReply, status=201)
    async def make(self, request: Request) -> Response:
        """A seamless texture out of noise; the same seeds make the same."""
        self._used()
        order = await read_json(request, TextureOrder)
        return JSONResponse((await run_in_threadpool(self._made, order)).as_json(), 201)

    def _made(self, order: TextureOrder) -> SittingFile:
        check_model_name(order.model)
        generator = TextureGenerator(order.model, self._engine)
        seeds = TextureSeeds.of(order.seed, coarse=order.coarse, medium=order.medium, fine=order.fine)
        id_, path = self._sitting.new_path(".png")
        generator.write(path, seeds, TextureRequest((order.width, order.height), order.truncation))
        name = f"{generator.name}-{order.seed}.png"
        return self._sitting.add(id_, path, name, Role.PICTURE, source=generator.name)
