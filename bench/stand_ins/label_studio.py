"""A real HTTP server that speaks as much of Label Studio 1.23's API as keeping in step uses, and fails as real ones do.

    with LabelStudioServer() as there:
        server = LabelStudio(there.url, there.token)
        there.faults += [Fault("PATCH", "/api/annotations/", status=500), Fault("POST", "/import", drop="after")]
        ...
        there.annotate(task_id, result, "eve@lab.org")      # what a person does in its page
        there.stop(); there.start()                         # a restart; what it holds survives

Each fault answers the first request that it fits, then is used up. Time there goes on by a millisecond a change, from
``clock``. Nothing here sleeps.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

from bench.stand_ins.listening import StandInServer

Doc = dict[str, Any]
TOKEN: Final = "0123456789abcdef0123456789abcdef01234567"
OWNER: Final = "owner@lab.org"


@dataclass(frozen=True, slots=True)
class Fault:
    """How one request is answered in place of the right way."""

    method: str = ""
    """Of the request that it fits; "": any."""
    path: str = ""
    """A part of that request's path."""
    status: int = 0
    """Answered before anything is done."""
    body: bytes = b'{"detail": "scripted fault"}'
    """What the answer says; with ``status`` 200 such as b'<html>' from a proxy."""
    drop: Literal["", "before", "after"] = ""
    """The connection is closed without an answer, before the work or after it is done."""
    until: threading.Event | None = None
    """The answer waits for this event, the work being done."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    document: Any


class LabelStudioServer:
    """Use as a context manager. What it holds may be read and changed between requests, under ``lock``."""

    def __init__(self, clock: datetime = datetime(2026, 1, 1, tzinfo=UTC), token: str = TOKEN) -> None:
        self.clock = clock
        self.token = token
        self.lock = threading.RLock()
        self.projects: dict[int, Doc] = {}
        self.tasks: dict[int, Doc] = {}
        self.users: dict[int, str] = {1: OWNER}
        self.storages: list[Doc] = []
        self.called: dict[str, dict[int, Doc]] = {"webhooks": {}, "ml": {}}
        """Webhooks and ML backends by id; the stand-in never calls them."""
        self.drafts: list[Doc] = []
        """What persons have begun and not submitted."""
        self.faults: list[Fault] = []
        self.history: list[tuple[str, str, int]] = []
        """Method, path and status of every request (0: dropped)."""
        self._last_id = 0
        self._port = 0
        self._server: StandInServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> LabelStudioServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Answers again at the same address, with what it held."""
        self._server = StandInServer(("127.0.0.1", self._port), _handler(self))
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Closes all connections; what comes now is refused."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def task_of(self, figure_id: str) -> Doc:
        """The only task of the figure."""
        (task,) = [task for task in self.tasks.values() if task["data"].get("figure_id") == figure_id]
        return task

    def annotate(
        self, task_id: int, result: list[Any], email: str, cancelled: bool = False, another: bool = False
    ) -> Doc:
        """What a person submits: an update of the last annotation that is there, or ``another`` beside it."""
        with self.lock:
            user_id = self._user(email)
            fields = {"result": json.loads(json.dumps(result)), "was_cancelled": cancelled, "updated_by": user_id}
            found: list[Doc] = self.tasks[task_id]["annotations"]
            if another or not found:
                found.append({"id": self._id(), "completed_by": user_id, "created_at": self._now(), "task": task_id})
            lead_time = (found[-1].get("lead_time") or 0.0) + 1.0  # seconds; editors add theirs
            found[-1] |= fields | {"updated_at": self._now(), "lead_time": lead_time}
            self._saved(found[-1], task_id)
            return found[-1]

    def begin(self, task_id: int, email: str) -> None:
        """What a person's editor saves by itself before anything is submitted."""
        with self.lock:
            (annotation,) = self.tasks[task_id]["annotations"]
            draft = {"id": self._id(), "task": task_id, "annotation": annotation["id"], "user": email}
            self.drafts.append({**draft, "result": annotation["result"]})

    def delete_annotations(self, task_id: int) -> None:
        with self.lock:
            self.tasks[task_id]["annotations"].clear()
            self._touch(task_id)

    def delete_task(self, task_id: int) -> None:
        with self.lock:
            del self.tasks[task_id]

    def answer(self, method: str, path: str, headers: dict[str, str], body: Any) -> tuple[int, bytes, Fault]:
        """Status (0: the connection is dropped) and body of the answer."""
        with self.lock:
            fault = self._fault(method, path)
            if fault.status or fault.drop == "before":
                status, content = fault.status, fault.body
            else:
                answer = self._work(method, path, headers, body)
                status = 0 if fault.drop == "after" else answer.status
                content = b"" if answer.document is None else json.dumps(answer.document).encode()
            self.history.append((method, urlsplit(path).path, status))
        if fault.until is not None:
            fault.until.wait()
        return status, content, fault

    def _fault(self, method: str, path: str) -> Fault:
        for fault in self.faults:
            if fault.method in ("", method) and fault.path in path:
                self.faults.remove(fault)
                return fault
        return Fault()

    def _work(self, method: str, path: str, headers: dict[str, str], body: Any) -> _Answer:
        parts = urlsplit(path)
        if headers.get("authorization") != f"Token {self.token}":
            return _Answer(401, {"detail": "Invalid token."})
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        for known, pattern, work in _ROUTES:
            match = re.fullmatch(pattern, parts.path.rstrip("/"))
            if known == method and match:
                try:
                    return work(
                        self, asked, body, *(int(part) if part.isdecimal() else part for part in match.groups())
                    )
                except KeyError:
                    return _Answer(404, {"detail": "Not found."})
        return _Answer(404, {"detail": f"no {method} {parts.path}"})

    def _id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _now(self) -> str:
        self.clock += timedelta(milliseconds=1)
        return self.clock.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _touch(self, task_id: int) -> None:
        self.tasks[task_id]["updated_at"] = self._now()

    def _saved(self, annotation: Doc, task_id: int) -> None:
        self.drafts = [draft for draft in self.drafts if draft["annotation"] != annotation["id"]]
        self._touch(task_id)

    def _user(self, email: str) -> int:
        for user_id, known in self.users.items():
            if known == email:
                return user_id
        self.users[max(self.users) + 1] = email
        return max(self.users)

    def _list_projects(self, asked: Doc, body: Any) -> _Answer:
        return _Answer(200, {"results": list(self.projects.values()), "next": None})

    def _make_project(self, asked: Doc, body: Any) -> _Answer:
        project = {"id": self._id(), "model_version": "", "label_config": "<View></View>", **body}
        self.projects[project["id"]] = project
        return _Answer(201, project)

    def _get_project(self, asked: Doc, body: Any, project_id: int) -> _Answer:
        tasks = [task for task in self.tasks.values() if task["project"] == project_id]
        count = sum(len(task["predictions"]) for task in tasks)
        return _Answer(200, {**self.projects[project_id], "total_predictions_number": count})

    def _change_project(self, asked: Doc, body: Any, project_id: int) -> _Answer:
        self.projects[project_id] |= body
        return _Answer(200, self.projects[project_id])

    def _import(self, asked: Doc, body: Any, project_id: int) -> _Answer:
        ids = []
        for task in body:
            task_id, at = self._id(), self._now()
            ids.append(task_id)
            self.tasks[task_id] = {
                "id": task_id,
                "project": project_id,
                "data": task["data"],
                "updated_at": at,
                "annotations": [
                    {"id": self._id(), "completed_by": 1, "updated_by": None, "updated_at": at, **part}
                    for part in task.get("annotations", ())
                ],
                "predictions": [{"id": self._id(), "updated_at": at, **part} for part in task.get("predictions", ())],
            }
        return _Answer(201, {"task_count": len(ids), "task_ids": ids})

    def _list_tasks(self, asked: Doc, body: Any) -> _Answer:
        filters = json.loads(asked["query"])["filters"]["items"]
        found = [
            task
            for task in self.tasks.values()
            if task["project"] == int(asked["project"]) and all(_fits(task, item) for item in filters)
        ]
        page = sorted(found, key=lambda task: int(task["id"]))[: int(asked["page_size"])]
        return _Answer(200, {"total": len(found), "tasks": page})

    def _get_task(self, asked: Doc, body: Any, task_id: int) -> _Answer:
        return _Answer(200, self.tasks[task_id])

    def _change_task(self, asked: Doc, body: Any, task_id: int) -> _Answer:
        self.tasks[task_id] |= body
        self._touch(task_id)
        return _Answer(200, self.tasks[task_id])

    def _make_annotation(self, asked: Doc, body: Any, task_id: int) -> _Answer:
        annotation = {"id": self._id(), "completed_by": 1, "updated_by": 1, "updated_at": self._now(), **body}
        self.tasks[task_id]["annotations"].append(annotation)
        self._touch(task_id)
        return _Answer(201, annotation)

    def _get_annotation(self, asked: Doc, body: Any, part_id: int) -> _Answer:
        return _Answer(200, self._part("annotations", part_id)[1])

    def _list_drafts(self, asked: Doc, body: Any, task_id: int) -> _Answer:
        return _Answer(200, [draft for draft in self.drafts if draft["task"] == task_id])

    def _change_annotation(self, asked: Doc, body: Any, part_id: int) -> _Answer:
        task, annotation = self._part("annotations", part_id)
        annotation |= {**body, "updated_by": 1, "updated_at": self._now()}
        self._saved(annotation, task["id"])
        return _Answer(200, annotation)

    def _make_prediction(self, asked: Doc, body: Any) -> _Answer:
        prediction = {"id": self._id(), "updated_at": self._now(), **body}
        self.tasks[body["task"]]["predictions"].append(prediction)
        self._touch(body["task"])
        return _Answer(201, prediction)

    def _change_prediction(self, asked: Doc, body: Any, part_id: int) -> _Answer:
        task, prediction = self._part("predictions", part_id)
        prediction |= {**body, "updated_at": self._now()}
        self._touch(task["id"])
        return _Answer(200, prediction)

    def _part(self, kind: str, part_id: int) -> tuple[Doc, Doc]:
        """An annotation or prediction, and its task."""
        for task in self.tasks.values():
            for part in task[kind]:
                if part["id"] == part_id:
                    return task, part
        raise KeyError(part_id)

    def _list_users(self, asked: Doc, body: Any) -> _Answer:
        return _Answer(200, [{"id": user_id, "email": email} for user_id, email in self.users.items()])

    def _whoami(self, asked: Doc, body: Any) -> _Answer:
        return _Answer(200, {"id": 1, "email": OWNER})

    def _version(self, asked: Doc, body: Any) -> _Answer:
        return _Answer(200, {"release": "1.23.2"})

    def _list_storages(self, asked: Doc, body: Any) -> _Answer:
        return _Answer(200, [storage for storage in self.storages if storage["project"] == int(asked["project"])])

    def _make_storage(self, asked: Doc, body: Any) -> _Answer:
        self.storages.append({"id": self._id(), **body})
        return _Answer(201, self.storages[-1])


def _list_called(self: LabelStudioServer, asked: Doc, body: Any, kind: str) -> _Answer:
    return _Answer(200, [one for one in self.called[kind].values() if one["project"] == int(asked["project"])])


def _make_called(self: LabelStudioServer, asked: Doc, body: Any, kind: str) -> _Answer:
    one = {"id": self._id(), "state": "CO", **body}
    self.called[kind][one["id"]] = one
    if kind == "ml":  # as Label Studio does, unless there is one
        url = body["url"] + "/webhook"
        if all(webhook["url"] != url for webhook in self.called["webhooks"].values()):
            self.called["webhooks"][one["id"]] = {
                "id": one["id"],
                "project": body["project"],
                "url": url,
                "headers": {},
            }
    return _Answer(201, one)


def _change_called(self: LabelStudioServer, asked: Doc, body: Any, kind: str, one_id: int) -> _Answer:
    self.called[kind][one_id] |= {**body, "state": "CO"}
    return _Answer(200, self.called[kind][one_id])


def _delete_called(self: LabelStudioServer, asked: Doc, body: Any, kind: str, one_id: int) -> _Answer:
    del self.called[kind][one_id]
    return _Answer(204, None)


_ROUTES: Final[list[tuple[str, str, Callable[..., _Answer]]]] = [
    ("GET", "/api/projects", LabelStudioServer._list_projects),
    ("POST", "/api/projects", LabelStudioServer._make_project),
    ("GET", r"/api/projects/(\d+)", LabelStudioServer._get_project),
    ("PATCH", r"/api/projects/(\d+)", LabelStudioServer._change_project),
    ("POST", r"/api/projects/(\d+)/import", LabelStudioServer._import),
    ("GET", "/api/tasks", LabelStudioServer._list_tasks),
    ("GET", r"/api/tasks/(\d+)", LabelStudioServer._get_task),
    ("PATCH", r"/api/tasks/(\d+)", LabelStudioServer._change_task),
    ("POST", r"/api/tasks/(\d+)/annotations", LabelStudioServer._make_annotation),
    ("GET", r"/api/tasks/(\d+)/drafts", LabelStudioServer._list_drafts),
    ("GET", r"/api/annotations/(\d+)", LabelStudioServer._get_annotation),
    ("PATCH", r"/api/annotations/(\d+)", LabelStudioServer._change_annotation),
    ("POST", "/api/predictions", LabelStudioServer._make_prediction),
    ("PATCH", r"/api/predictions/(\d+)", LabelStudioServer._change_prediction),
    ("GET", "/api/users", LabelStudioServer._list_users),
    ("GET", "/api/current-user/whoami", LabelStudioServer._whoami),
    ("GET", "/api/version", LabelStudioServer._version),
    ("GET", "/api/storages/localfiles", LabelStudioServer._list_storages),
    ("POST", "/api/storages/localfiles", LabelStudioServer._make_storage),
    ("GET", "/api/(webhooks|ml)", _list_called),
    ("POST", "/api/(webhooks|ml)", _make_called),
    ("PATCH", r"/api/(webhooks|ml)/(\d+)", _change_called),
    ("DELETE", r"/api/(webhooks|ml)/(\d+)", _delete_called),
]


def _fits(task: Doc, item: Doc) -> bool:
    """Whether the task passes one filter of the data manager."""
    field, operator, value = item["filter"].removeprefix("filter:tasks:"), item["operator"], item["value"]
    found = task["data"].get(field.removeprefix("data.")) if field.startswith("data.") else task[field]
    match operator:
        case "equal":
            return bool(found == value)
        case "greater":
            return bool(found > value)
        case "greater_or_equal":
            return bool(found >= value)
        case "empty":
            return (found in (None, "")) is value
    raise ValueError(f"the stand-in knows no operator {operator!r}")


def _handler(owner: LabelStudioServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PATCH(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, content, fault = owner.answer(self.command, self.path, headers, json.loads(raw) if raw else None)
            if fault.drop:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the console; ``history`` keeps the record."""

    return Handler
