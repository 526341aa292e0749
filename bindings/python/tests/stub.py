"""A service on a port of its own that answers by script and remembers what it was asked."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Closes the connection without an answer.
HANG_UP = None


def accept(body):
    """The answer that accepts every event of a batch."""
    verdicts = [{"index": index, "verdict": "accepted"} for index in range(len(json.loads(body)))]
    counts = {"accepted": len(verdicts), "duplicate": 0, "conflict": 0, "rejected": 0}
    return 200, json.dumps({**counts, "verdicts": verdicts})


class Stub:
    """Answers requests by ``script``, in order: ``(status, text)``, a function of the body that
    returns such a pair, or ``HANG_UP``."""

    def __init__(self, *script):
        self.script = list(script)
        self.asked = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                stub.asked.append((self.command, self.path, dict(self.headers), body))
                answer = stub.script.pop(0) if stub.script else (500, "the script is over")
                if answer is HANG_UP:
                    self.close_connection = True
                    return
                status, text = answer(body) if callable(answer) else answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = answer

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
