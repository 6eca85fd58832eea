"""Label Studio's API, as much of it as keeping in step needs.

Requests that change nothing by being sent twice are retried; what makes something new (POST) is not, once the server
may have seen it: whoever wants it made looks first whether it is there (``push``).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Literal

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from curator.addresses import Reach
from curator.errors import AddressError, SyncError
from network.reaching import reaching

Doc = dict[str, Any]
Kind = Literal["webhooks", "ml"]
"""What Label Studio calls: a webhook, or an ML backend."""

PAGE_SIZE: Final = 50  # guess: a page of dense figures stays below some 10 MB
_LIGHT_PAGE_SIZE: Final = 500  # guess; the server may give fewer
_LONGEST_WAIT_S: Final = 30.0
_BUSY: Final = frozenset({429, 502, 503, 504})
_MOST_SHOWN: Final = 200  # characters of a reply in a message
_TOKEN_GOES: Final = "Token in the Sync tab's form or into CURATOR_LABEL_STUDIO_API_KEY"


class MissingError(SyncError):
    """What was asked for does not exist there (any more)."""


class UnreachableError(SyncError):
    """The server is not there or ill: nothing else need be tried now."""


class _PassingError(Exception):
    """May be over when the request is sent again."""

    def __init__(self, error: SyncError) -> None:
        super().__init__(str(error))
        self.error = error


class LabelStudio:
    """One server, by one token. Use as a context manager.

    All methods raise SyncError where the server cannot be reached, refuses, or answers something else than it should;
    MissingError where what they name does not exist there. Safe for one thread.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_s: float = 30.0,
        retries: int = 4,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        reach: Reach | None = None,
    ) -> None:
        """``reach``: where ``url`` may lead, by default anywhere."""
        if not url.startswith(("http://", "https://")):
            raise SyncError(f"url of [label_studio] is {url!r}; expected an address such as http://localhost:8080")
        if not token or not token.isascii() or not token.isprintable():
            raise SyncError(
                "there is no token for Label Studio, or it is not plain text; take one there (Account & Settings) and "
                f"put it into {_TOKEN_GOES}"
            )
        self.url = url.rstrip("/")
        self._token = token
        # a personal access token is a JWT that buys short-lived ones; a legacy token is 40 hex digits
        self._personal = token.count(".") == 2
        self._access = ""
        self._retries = retries
        self._sleep = sleep
        self._client = httpx.Client(
            base_url=self.url, timeout=timeout_s, transport=transport or reaching(reach or Reach())
        )
        self._emails: dict[int, str] | None = None

    def __enter__(self) -> LabelStudio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def whoami(self) -> str:
        """E-mail address of the token's owner."""
        return str(self._document("GET", "/api/current-user/whoami").get("email", ""))

    def release(self) -> str:
        """Version of the server, such as "1.23.2"."""
        return str(self._document("GET", "/api/version").get("release", ""))

    def email_of(self, user_id: int) -> str:
        """E-mail address of a user; ``user-ID`` where the token may not see it."""
        if self._emails is None or user_id not in self._emails:
            users = self._asked("GET", "/api/users/")
            found = users if isinstance(users, list) else []
            self._emails = {user["id"]: str(user.get("email") or "") for user in found if isinstance(user, dict)}
        return self._emails.setdefault(user_id, "") or f"user-{user_id}"

    def projects(self) -> Iterator[Doc]:
        page = 1
        while True:
            found = self._document("GET", "/api/projects/", params={"page": page, "page_size": PAGE_SIZE})
            yield from found["results"]
            if not found.get("next"):
                return
            page += 1

    def project(self, project_id: int) -> Doc:
        return self._document("GET", f"/api/projects/{project_id}/")

    def create_project(self, title: str, label_config: str) -> Doc:
        return self._document("POST", "/api/projects/", {"title": title, "label_config": label_config})

    def change_project(self, project_id: int, fields: Mapping[str, Any]) -> None:
        self._asked("PATCH", f"/api/projects/{project_id}/", fields)

    def local_storages(self, project_id: int) -> list[Doc]:
        found = self._asked("GET", "/api/storages/localfiles/", params={"project": project_id})
        return found if isinstance(found, list) else []

    def create_local_storage(self, project_id: int, path: str, title: str) -> None:
        """Lets Label Studio serve the files of the folder (named as it sees it) to those who may see the project."""
        fields = {"project": project_id, "path": path, "title": title, "use_blob_urls": False}
        self._asked("POST", "/api/storages/localfiles/", fields)

    def tasks(self, project_id: int, since: str = "") -> Iterator[list[Doc]]:
        """Tasks with their annotations and predictions, by id, page by page.

        ``since``: only those changed then or later, by the server's clock.
        """
        return self._pages(project_id, _since(since), {"fields": "all", "page_size": PAGE_SIZE})

    def tasks_of(self, project_id: int, figure_id: str) -> list[Doc]:
        """The tasks of one of our figures, oldest first."""
        named = [_filter("data.figure_id", "equal", "String", figure_id)]
        pages = self._pages(project_id, named, {"fields": "all", "page_size": PAGE_SIZE})
        return [task for page in pages for task in page]

    def changes(self, project_id: int, since: str = "") -> dict[int, str]:
        """When each task changed last, as ``tasks`` would give them."""
        asked = {"include": "id,updated_at", "page_size": _LIGHT_PAGE_SIZE}
        pages = self._pages(project_id, _since(since), asked)
        return {task["id"]: str(task.get("updated_at", "")) for page in pages for task in page}

    def _pages(self, project_id: int, filters: Sequence[Doc], asked: Mapping[str, Any]) -> Iterator[list[Doc]]:
        last = 0
        while True:
            # by key, not by page number: one deleted meanwhile would shift another over the edge of a page
            items = [*filters, _filter("id", "greater", "Number", last)]
            query = {"filters": {"conjunction": "and", "items": items}, "ordering": ["tasks:id"]}
            params = {"project": project_id, "query": json.dumps(query), **asked}
            answer = self._document("GET", "/api/tasks/", params=params)
            found, total = answer.get("tasks"), answer.get("total")
            if not isinstance(found, list) or not all(isinstance(task, dict) and "id" in task for task in found):
                raise SyncError(f"{self.url} answered no list of tasks; is it Label Studio 1.20 or newer?")
            if found:
                yield found
                last = found[-1]["id"]
            if not found or len(found) == total:
                return

    def count_tasks(self, project_id: int) -> int:
        """How many tasks name one of our figures."""
        query = {"filters": {"conjunction": "and", "items": [_filter("data.figure_id", "empty", "String", False)]}}
        params = {"project": project_id, "page_size": 1, "include": "id", "query": json.dumps(query)}
        return int(self._document("GET", "/api/tasks/", params=params)["total"])

    def task(self, task_id: int) -> Doc:
        return self._document("GET", f"/api/tasks/{task_id}/")

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Makes new tasks, all or none; their ids in the same order."""
        answer = self._document("POST", f"/api/projects/{project_id}/import?return_task_ids=true", list(tasks))
        ids = answer.get("task_ids")
        if not isinstance(ids, list) or len(ids) != len(tasks):
            raise SyncError(f"{self.url} answered {str(answer)[:_MOST_SHOWN]!r} to {len(tasks)} new tasks; sync again")
        return [int(task_id) for task_id in ids]

    def change_task(self, task_id: int, data: Mapping[str, Any]) -> None:
        self._asked("PATCH", f"/api/tasks/{task_id}/", {"data": data})

    def create_annotation(self, task_id: int, annotation: Mapping[str, Any]) -> int:
        return int(self._document("POST", f"/api/tasks/{task_id}/annotations/", annotation)["id"])

    def annotation(self, annotation_id: int) -> Doc:
        return self._document("GET", f"/api/annotations/{annotation_id}/")

    def change_annotation(self, annotation_id: int, annotation: Mapping[str, Any]) -> Doc:
        """The annotation as it is then: what was not named is as whoever saved it last left it."""
        return self._document("PATCH", f"/api/annotations/{annotation_id}/", annotation)

    def drafts(self, task_id: int) -> list[Doc]:
        """What anybody has begun at the task and not submitted; changing an annotation there deletes its drafts."""
        found = self._asked("GET", f"/api/tasks/{task_id}/drafts")
        return [draft for draft in found if isinstance(draft, dict)] if isinstance(found, list) else []

    def create_prediction(self, task_id: int, prediction: Mapping[str, Any]) -> int:
        return int(self._document("POST", "/api/predictions/", {"task": task_id, **prediction})["id"])

    def change_prediction(self, prediction_id: int, prediction: Mapping[str, Any]) -> None:
        self._asked("PATCH", f"/api/predictions/{prediction_id}/", prediction)

    def listed(self, kind: Kind, project_id: int) -> list[Doc]:
        """The project's webhooks or ML backends; of the latter Label Studio tries each before it answers."""
        found = self._asked("GET", f"/api/{kind}/", params={"project": project_id})
        return [one for one in found if isinstance(one, dict) and "id" in one] if isinstance(found, list) else []

    def create(self, kind: Kind, fields: Mapping[str, Any]) -> None:
        self._asked("POST", f"/api/{kind}/", fields)

    def change(self, kind: Kind, one_id: int, fields: Mapping[str, Any]) -> None:
        self._asked("PATCH", _path_of(kind, one_id), fields)

    def delete(self, kind: Kind, one_id: int) -> None:
        self._asked("DELETE", _path_of(kind, one_id))

    def _document(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Doc:
        answer = self._asked(method, path, body, params)
        if not isinstance(answer, dict):
            raise SyncError(f"{self.url}{path} answered {str(answer)[:_MOST_SHOWN]!r}; expected an object")
        return answer

    def _asked(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        attempts = Retrying(
            retry=retry_if_exception_type(_PassingError),
            stop=stop_after_attempt(self._retries + 1),
            wait=wait_exponential_jitter(multiplier=0.5, max=_LONGEST_WAIT_S),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return attempts(self._once, method, path, body, params)
        except _PassingError as passing:
            raise passing.error from passing.__cause__

    def _once(self, method: str, path: str, body: Any, params: Mapping[str, Any] | None) -> Any:
        idempotent = method != "POST"
        try:
            reply = self._client.request(
                method,
                path,
                params=params,
                headers={"Authorization": self._authorization()},
                **({} if body is None else {"json": body}),
            )
        except AddressError as error:
            raise SyncError(f"url of [label_studio]: {error}") from error
        except httpx.ConnectError as error:  # it never got there
            raise _PassingError(
                UnreachableError(f"{self.url} cannot be reached ({error}); start Label Studio, or mend its url")
            ) from error
        except httpx.TimeoutException as error:
            said = f"{self.url}{path} did not answer in time; raise timeout_s of [label_studio], or sync again later"
            raise _failure(UnreachableError(said), idempotent) from error
        except httpx.HTTPError as error:
            said = f"the connection to {self.url} broke ({error or type(error).__name__}); sync again"
            raise _failure(UnreachableError(said), idempotent) from error
        if reply.status_code == HTTPStatus.UNAUTHORIZED and self._access:
            self._access = ""  # it lives minutes; the next attempt buys another
            raise _PassingError(SyncError(f"{self.url} refuses the personal access token; take a new one there"))
        self._refuse(reply, path, idempotent)
        if not reply.content:
            return None
        try:
            return reply.json()
        except ValueError as error:
            said = f"{self.url}{path} answered no JSON but {reply.text[:_MOST_SHOWN]!r}"
            raise _failure(UnreachableError(f"{said}; is the url that of Label Studio?"), idempotent) from error

    def _refuse(self, reply: httpx.Response, path: str, idempotent: bool) -> None:
        code, said = reply.status_code, reply.text[:_MOST_SHOWN]
        if code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise SyncError(
                f"{self.url} refuses the token ({code} at {path}); put a personal access token into {_TOKEN_GOES}, "
                "or have legacy tokens allowed there (Organization, API tokens)"
            )
        if code == HTTPStatus.NOT_FOUND:
            raise MissingError(f"{self.url}{path} does not exist; it was deleted there, or the url is another server's")
        if code == HTTPStatus.TOO_MANY_REQUESTS:
            raise _PassingError(UnreachableError(f"{self.url} asks for fewer requests (429); sync again later"))
        if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            kind = UnreachableError if code in _BUSY else SyncError
            failed = f"{self.url} failed at {path} ({code}: {said!r}); see Label Studio's own log, then sync again"
            raise _failure(kind(failed), idempotent)
        if code >= HTTPStatus.MULTIPLE_CHOICES:
            raise SyncError(f"{self.url} refuses {path} ({code}: {said!r}); check the url and the project there")

    def _authorization(self) -> str:
        if not self._personal:
            return f"Token {self._token}"
        if not self._access:
            reply = self._client.post("/api/token/refresh/", json={"refresh": self._token})
            self._refuse(reply, "/api/token/refresh/", idempotent=True)
            try:
                self._access = str(reply.json()["access"])
            except (ValueError, KeyError, TypeError) as error:
                raise SyncError(f"{self.url} gives no access for the personal token; take a new one there") from error
        return f"Bearer {self._access}"


def _path_of(kind: Kind, one_id: int) -> str:
    return f"/api/{kind}/{one_id}/" if kind == "webhooks" else f"/api/{kind}/{one_id}"


def _failure(error: SyncError, idempotent: bool) -> Exception:
    return _PassingError(error) if idempotent else error


def _since(updated_at: str) -> list[Doc]:
    return [_filter("updated_at", "greater_or_equal", "Datetime", updated_at)] if updated_at else []


def _filter(field: str, operator: str, kind: str, value: Any) -> Doc:
    return {"filter": f"filter:tasks:{field}", "operator": operator, "type": kind, "value": value}
