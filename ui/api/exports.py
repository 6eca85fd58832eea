"""Exports, streamed."""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from data.export import Format, export
from ui.accounts.identity import current_user
from ui.api.answers import needs
from ui.servers import Servers


def export_routes(servers: Servers) -> APIRouter:
    router = APIRouter(tags=["export"])
    store = servers.store

    @router.get(
        "/export",
        response_class=Response,
        responses={200: {"content": {"application/x-ndjson": {}, "application/x-tar": {}}, "description": "The file."}},
        dependencies=[needs("export")],
    )
    def exported(
        format_: Annotated[Format, Query(alias="format")] = "jsonl",
        verified_only: Annotated[bool, Query(description="Only what a person accepted or edited.")] = True,
        sure: Annotated[
            float, Query(ge=0, le=1, description="Open proposals only from this confidence on; 0: all.")
        ] = 0.0,
        images: Annotated[bool, Query(description="With images, as .tar; without them jsonl is one file.")] = False,
    ) -> Response:
        """The hierarchies as `curator export` writes them: JSON lines, or a .tar with images, manifest and splits."""
        scratch = Path(tempfile.mkdtemp(dir=store.project, prefix=".export-"))
        try:
            lines_only = format_ == "jsonl" and not images
            target = scratch / ("hierarchy.jsonl" if lines_only else f"curator-{format_}")
            export(store, format_, target, verified_only, sure=sure, link_images=True)
        except BaseException:
            shutil.rmtree(scratch)
            raise
        detail = {"format": format_, "verified_only": verified_only, **({"sure": sure} if sure else {})}
        store.audit.add(current_user().name, "export", "api", detail)
        if lines_only:
            done = BackgroundTask(shutil.rmtree, scratch)
            return FileResponse(target, media_type="application/x-ndjson", filename=target.name, background=done)
        headers = {"Content-Disposition": f'attachment; filename="{target.name}.tar"'}
        return StreamingResponse(_tar(target, scratch), media_type="application/x-tar", headers=headers)

    return router


def _tar(folder: Path, scratch: Path) -> Iterator[bytes]:
    """The folder as a tar file, piece by piece; then, or when nobody listens any more, ``scratch`` is removed."""
    out = io.BytesIO()
    try:
        with tarfile.open(fileobj=out, mode="w|") as tar:
            for path in sorted(folder.rglob("*")):
                if not path.is_file():
                    continue
                entry = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder)}")
                entry.size = path.stat().st_size
                with path.open("rb") as file:
                    tar.addfile(entry, file)
                yield _taken(out)
        yield _taken(out)
    finally:
        shutil.rmtree(scratch)


def _taken(out: io.BytesIO) -> bytes:
    content = out.getvalue()
    out.seek(0)
    out.truncate()
    return content
