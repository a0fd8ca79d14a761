"""A fine-tuning API on loopback that stores requests and returns prepared jobs, events and faults.

It trains nothing. A `Fault` refuses a request, throttles it, returns invalid content or breaks the
connection, before or after the request took effect.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from harness.clock import ManualClock


@dataclass
class Fault:
    """A fault that replaces the next matching answer."""

    method: str
    path: str
    """Regular expression that is searched for in the path."""
    status: int = 0
    """HTTP status; 0 cuts the connection in the middle of the answer."""
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    """Sent as JSON, or unchanged if it is a string."""
    takes_effect: bool = False
    """Whether the request takes effect before the fault is sent."""
    times: int = 1


@dataclass
class Seen:
    """A request that the stub received."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class ApiStub:
    """The service. Use as a context manager."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.checkpoints: dict[str, list[dict[str, Any]]] = {}
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.newest_first = True
        self.hidden_lists = 0
        """How many more calls of GET /fine_tuning/jobs leave out new jobs."""
        self.on_request: Any = None
        """Called with every request before the stub answers it."""
        self._lock = threading.RLock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> ApiStub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def add_job(self, job_id: str = "ftjob-1", status: str = "running", **more: Any) -> dict[str, Any]:
        job = {
            "id": job_id,
            "object": "fine_tuning.job",
            "created_at": 1_771_442_000,
            "finished_at": None,
            "status": status,
            "model": "openai.gpt-oss-20b",
            "fine_tuned_model": None,
            "training_file": "file-1",
            "error": None,
            **more,
        }
        self.jobs[job_id] = job
        return job

    def add_event(self, job_id: str, number: int, *, data: dict[str, Any] | None = None, **more: Any) -> None:
        """Append an event. Its id and time are computed from `number`."""
        self.events.setdefault(job_id, []).append(
            {
                "id": f"ftevent-{number:06d}",
                "object": "fine_tuning.job.event",
                "created_at": 1_771_442_000 + number,
                "level": "info",
                "message": f"event {number}",
                "type": "message" if data is None else "metrics",
                "data": data,
                **more,
            }
        )

    def requests(self, method: str, pattern: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == method and re.search(pattern, seen.path)]

    def answer(self, seen: Seen) -> tuple[int, dict[str, str], Any]:
        """Process a request, or return the fault that is set for it."""
        with self._lock:
            self.seen.append(seen)
            if self.on_request:
                self.on_request(seen)
            for fault in self.faults:
                if fault.times and fault.method == seen.method and re.search(fault.path, seen.path):
                    fault.times -= 1
                    real = self._route(seen) if fault.takes_effect else None
                    body = real[2] if fault.status == 0 and real else fault.body
                    return fault.status, fault.headers, body
            return self._route(seen)

    def _route(self, seen: Seen) -> tuple[int, dict[str, str], Any]:
        path = seen.path.removeprefix("/v1")
        for method, pattern, name in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == seen.method:
                try:
                    return 200, {}, getattr(self, name)(seen, *match.groups())
                except KeyError as error:
                    return 404, {}, _error(f"no such object: {error.args[0]}", "not_found")
                except ValueError as error:
                    return 400, {}, _error(str(error), "invalid_request")
        return 404, {}, _error(f"no route {path}", "not_found")

    def _upload(self, seen: Seen) -> dict[str, Any]:
        name = re.search(rb'filename="([^"]*)"', seen.body)
        file_id = f"file-{len(self.contents) + 1}"
        self.contents[file_id] = seen.body.split(b"\r\n\r\n")[-1].rsplit(b"\r\n--", 1)[0]
        self.files[file_id] = {
            "id": file_id,
            "object": "file",
            "bytes": len(self.contents[file_id]),
            "created_at": 1_771_442_000,
            "filename": name.group(1).decode() if name else "",
            "purpose": "fine-tune",
            "status": "processed",
        }
        return self.files[file_id]

    def _list_files(self, seen: Seen) -> dict[str, Any]:
        return _page(list(self.files.values()), seen.query)

    def _file(self, seen: Seen, file_id: str) -> dict[str, Any]:
        return self.files[file_id]

    def _delete_file(self, seen: Seen, file_id: str) -> dict[str, Any]:
        del self.files[file_id]
        return {"id": file_id, "object": "file", "deleted": True}

    def _create(self, seen: Seen) -> dict[str, Any]:
        body = seen.json
        if body["training_file"] not in self.files:
            raise ValueError(f"no file {body['training_file']}")
        return self.add_job(
            f"ftjob-{len(self.jobs) + 1}",
            "queued",
            training_file=body["training_file"],
            model=body["model"],
            method=body["method"],
        )

    def _list_jobs(self, seen: Seen) -> dict[str, Any]:
        if self.hidden_lists:
            self.hidden_lists -= 1
            return _page([], seen.query)
        return _page(list(reversed(self.jobs.values())), seen.query)

    def _job(self, seen: Seen, job_id: str) -> dict[str, Any]:
        return self.jobs[job_id]

    def _cancel(self, seen: Seen, job_id: str) -> dict[str, Any]:
        job = self.jobs[job_id]
        if job["status"] in ("succeeded", "failed", "cancelled"):
            raise ValueError(f"job is {job['status']}")
        job["status"] = "cancelled"
        return job

    def _list_events(self, seen: Seen, job_id: str) -> dict[str, Any]:
        _ = self.jobs[job_id]
        events = self.events.get(job_id, [])
        return _page(events[::-1] if self.newest_first else events, seen.query)

    def _list_checkpoints(self, seen: Seen, job_id: str) -> dict[str, Any]:
        _ = self.jobs[job_id]
        return _page(self.checkpoints.get(job_id, [])[::-1], seen.query)

    def _chat(self, seen: Seen) -> dict[str, Any]:
        body = seen.json
        message = {"role": "assistant", "content": f"{body['model']}: {body['messages'][-1]['content']}"}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [choice],
            "usage": usage,
        }

    def _respond(self, seen: Seen) -> dict[str, Any]:
        body = seen.json
        text = {"type": "output_text", "text": f"{body['model']}: {body['input']}", "annotations": []}
        message = {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [text],
        }
        thought = {"type": "reasoning", "id": "r", "summary": []}
        return {
            "id": "resp-1",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": body["model"],
            "output": [thought, message],
        }

    def _complete(self, seen: Seen) -> dict[str, Any]:
        body = seen.json
        choice = {"index": 0, "finish_reason": "length", "text": f"{body['model']}: {body['prompt']}"}
        return {
            "id": "cmpl-1",
            "object": "text_completion",
            "created": 1,
            "model": body["model"],
            "choices": [choice],
        }


_ROUTES = (
    ("POST", r"/files", "_upload"),
    ("GET", r"/files", "_list_files"),
    ("GET", r"/files/([^/]+)", "_file"),
    ("DELETE", r"/files/([^/]+)", "_delete_file"),
    ("POST", r"/fine_tuning/jobs", "_create"),
    ("GET", r"/fine_tuning/jobs", "_list_jobs"),
    ("GET", r"/fine_tuning/jobs/([^/]+)", "_job"),
    ("POST", r"/fine_tuning/jobs/([^/]+)/cancel", "_cancel"),
    ("GET", r"/fine_tuning/jobs/([^/]+)/events", "_list_events"),
    ("GET", r"/fine_tuning/jobs/([^/]+)/checkpoints", "_list_checkpoints"),
    ("POST", r"/chat/completions", "_chat"),
    ("POST", r"/responses", "_respond"),
    ("POST", r"/completions", "_complete"),
)


def _error(message: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}


def _page(elements: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    limit = int(query.get("limit", 20))
    start = 0
    if "after" in query:
        ids = [element["id"] for element in elements]
        if query["after"] not in ids:
            raise ValueError(f"no element {query['after']}")
        start = ids.index(query["after"]) + 1
    return {
        "object": "list",
        "data": elements[start : start + limit],
        "has_more": start + limit < len(elements),
    }


def _handler(stub: ApiStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, unquote(parts.path), query, headers, body)
            status, extra, value = stub.answer(seen)
            payload = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            self.send_response(status or 200)
            self.send_header("Content-Type", "application/json")
            # These bytes are announced but never sent, so the connection breaks in the middle of the answer.
            self.send_header("Content-Length", str(len(payload) + (0 if status else 1000)))
            for name, header in extra.items():
                self.send_header(name, header)
            self.end_headers()
            self.wfile.write(payload)
            if not status:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

        do_GET = do_POST = do_DELETE = _serve

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


class TestClock(ManualClock):
    """Records each sleep, and can call a function after it."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self.on_sleep: Any = None

    @property
    def ticks(self) -> float:
        return self.monotonic()

    def jump(self, seconds: float) -> None:
        self._now += seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        super().sleep(seconds)
        if self.on_sleep:
            self.on_sleep()
        if len(self.slept) > 100_000:
            raise AssertionError(f"still waiting after {self.ticks:g} s")
