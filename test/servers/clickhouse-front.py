"""ClickHouse's HTTP interface in front of today's engine, which chDB has in one process (docs, HTTP interface).

The engine runs the statements, with the settings of each request. This front has what the engine lacks: the interface itself, logins,
and the way in which an exception comes behind rows that were sent already.

Usage: python clickhouse-front.py FOLDER CONFIG, where CONFIG is JSON: ports, TLS files, users.
"""

import base64
import gzip
import json
import re
import socket
import ssl
import sys
import threading
import uuid
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_to_bytes, urlsplit

import chdb

FOLDER = sys.argv[1]
with open(sys.argv[2]) as file:
    CONFIG = json.load(file)
USERS = CONFIG["users"]
ENGINE = chdb.connect(FOLDER)
TAG = "jackfieldtesttag"
# Parameters of the interface that are no settings.
OWN = {"query", "query_id", "default_format", "database", "user", "password", "role", "session_id", "compress", "decompress"}
STATUS = {"60": 404, "81": 404, "46": 404, "47": 404, "115": 404, "62": 400, "159": 408, "202": 429, "497": 403, "516": 403}
QUIET = re.compile(r"^\s*(insert|create|drop|alter|delete|kill|use|set|system|optimize|truncate|rename|attach|detach)\b", re.I)
served = {"requests": 0, "statements": []}


def text(value):
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t") + "'"


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


def refused(error):
    found = re.search(r"Code: (\d+)", str(error))
    message = re.sub(r"^Streaming query failed: ", "", str(error))
    return error if isinstance(error, Refused) else Refused(found.group(1) if found else "1000", message)


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def setup(self):
        if isinstance(self.request, ssl.SSLSocket):
            self.request.settimeout(30)
            self.request.do_handshake()
            self.request.settimeout(None)
        super().setup()

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)

    def answer(self, body):
        url = urlsplit(self.path)
        if not url.path.rstrip("/") in ("", "/behind/a-proxy"):
            return self.whole(404, b"There is no handle %s\n" % url.path.encode())
        query = {}
        roles = []
        for part in url.query.split("&"):
            name, _, value = part.partition("=")
            name, value = unquote_to_bytes(name).decode(), unquote_to_bytes(value.replace("+", " "))
            if name == "role":
                roles.append(value.decode())
            elif name != "":
                query[name] = value
        try:
            user = self.login(query, roles)
            served["requests"] += 1
            self.run(user, query, body)
        except Exception as error:
            found = refused(error)
            self.whole(STATUS.get(found.code, 500), found.message.encode() + b"\n", {"X-ClickHouse-Exception-Code": found.code})

    def login(self, query, roles):
        name = self.headers.get("X-ClickHouse-User") or query.get("user", b"default").decode()
        failed = Refused("516", "Code: 516. DB::Exception: %s: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)" % name)
        given = self.headers.get("Authorization", "")
        if given.startswith("Bearer "):
            name = next((each for each, user in USERS.items() if user.get("token") == given[7:]), None)
        elif self.headers.get("X-ClickHouse-SSL-Certificate-Auth") == "on":
            if self.headers.get("X-ClickHouse-Key") is not None:
                raise failed
            names = self.request.getpeercert() if isinstance(self.request, ssl.SSLSocket) else None
            common = [value for part in (names or {}).get("subject", ()) for key, value in part if key == "commonName"]
            name = name if common and common[0] == USERS.get(name, {}).get("certificate") else None
        else:
            password = self.headers.get("X-ClickHouse-Key")
            if given.startswith("Basic "):
                name, _, password = base64.b64decode(given[6:]).decode().partition(":")
            name = name if USERS.get(name, {}).get("password") == (password or "").encode("latin1").decode("utf8", "replace") else None
        if name is None or name not in USERS:
            raise failed
        for role in roles:
            if role not in USERS[name].get("roles", []):
                raise Refused("512", "Code: 512. DB::Exception: Role %s should be granted to set as a current. (SET_NON_GRANTED_ROLE)" % role)
        return USERS[name]

    def run(self, user, query, body):
        sql = query.get("query", b"") + (b"\n" if "query" in query and body else b"") + body
        connection = chdb.connect(FOLDER)
        try:
            if "database" in query:
                connection.query("USE `%s`" % query["database"].decode().replace("`", "\\`"))
            elif "database" in user:
                connection.query("USE `%s`" % user["database"])
            if user.get("readonly"):
                connection.query("SET readonly = %d" % user["readonly"])
            settings = {name: value.decode() for name, value in query.items() if name not in OWN and not name.startswith("param_")}
            settings["log_comment"] = query.get("query_id", uuid.uuid4().hex.encode()).decode()
            if not user.get("readonly") == 1:
                connection.query("SET " + ", ".join("%s = %s" % (name, text(value)) for name, value in settings.items()))
            elif len(settings) > 1:
                raise Refused("164", "Code: 164. DB::Exception: Cannot modify '%s' setting in readonly mode. (READONLY)" % next(iter(settings)))
            params = {name[6:]: value.decode("utf8", "surrogateescape") for name, value in query.items() if name.startswith("param_")}
            statement = sql.decode()
            served["statements"].append(statement[:1000])
            form = query.get("default_format", b"TabSeparated").decode()
            if found := re.match(r"KILL QUERY WHERE query_id = ('[^']*') (ASYNC|SYNC)$", statement):
                # The engine gives statements ids of its own.
                statement = "KILL QUERY WHERE Settings['log_comment'] = %s %s" % found.groups()
                connection = ENGINE
            if QUIET.match(statement):
                connection.query(statement, form, params=params)
                return self.whole(200, b"")
            self.stream(connection, statement, form, params, settings)
        finally:
            if connection is not ENGINE:
                connection.close()

    def stream(self, connection, statement, form, params, settings):
        chosen = re.search(r"\bformat\s+(\w+)\s*;?\s*$", re.sub(r"/\*.*?\*/", " ", statement), re.I)
        cancels = settings.get("cancel_http_readonly_queries_on_client_close") == "1"
        done = threading.Event()
        if cancels:
            threading.Thread(target=self.watch, args=(settings["log_comment"], done), daemon=True).start()
        try:
            chunks = self.chunks(connection, statement, form, params, settings)
            first = next(chunks, None)
            zipper = zlib.compressobj(1, zlib.DEFLATED, 31) if settings.get("enable_http_compression") == "1" and "gzip" in self.headers.get("Accept-Encoding", "") else None
            self.send_response(200)
            headers = {"Content-Type": "text/plain; charset=UTF-8", "X-ClickHouse-Format": chosen.group(1) if chosen else form, "X-ClickHouse-Exception-Tag": TAG}
            for name, value in {**headers, **({"Content-Encoding": "gzip"} if zipper else {}), "Transfer-Encoding": "chunked"}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                while first is not None:
                    self.chunk(zipper.compress(first) if zipper else first)
                    first = next(chunks, None)
            except Exception as error:
                if isinstance(error, OSError):
                    raise
                message = refused(error).message.encode() + b"\n"
                frame = b"\r\n__exception__\r\n%s\r\n%s%d %s\r\n__exception__\r\n" % (TAG.encode(), message, len(message), TAG.encode())
                self.chunk(zipper.compress(frame) + zipper.flush() if zipper else frame)
                self.wfile.flush()
                # The answer is cut, so that no client takes it for whole.
                self.close_connection = True
                return
            if zipper:
                self.chunk(zipper.flush())
            self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
        except OSError:
            self.close_connection = True
            if cancels:
                kill(settings["log_comment"])
        finally:
            done.set()

    def chunks(self, connection, statement, form, params, settings):
        """The bytes of a result. The engine gives each piece a beginning and an end of its own, and nothing of a result without rows."""
        end = settings.get("format_custom_result_after_delimiter", "").encode() if form.startswith("Custom") else b""
        if not re.match(r"[\s(]*(select|with|from)\b", re.sub(r"/\*.*?\*/", " ", statement), re.I):
            yield connection.query(statement, form, params=params).bytes()
            return
        pieces = connection.send_query(statement, form, params=params) if params else connection.send_query(statement, form)
        count = 0
        for piece in pieces:
            data = piece.bytes()
            if data:
                if count > 0 and form.endswith("NamesAndTypes"):
                    data = data.split(b"\n", 2)[2]
                count += 1
                yield data[: len(data) - len(end)]
        if count == 0:
            yield connection.query(statement, form, params=params).bytes()
        elif end:
            yield end

    def chunk(self, data):
        if data:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

    def watch(self, comment, done):
        """Kills the statement when the client closes its connection."""
        while not done.wait(0.1):
            try:
                # The state of the connection: CLOSE_WAIT (8) or CLOSE (7).
                if self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in (7, 8):
                    return kill(comment)
            except OSError:
                return kill(comment)

    def whole(self, status, data, headers={}):
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain; charset=UTF-8", **headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()


def kill(comment):
    ENGINE.query("KILL QUERY WHERE Settings['log_comment'] = %s ASYNC" % text(comment))


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass


class Seed(BaseHTTPRequestHandler):
    """Statements of the tests themselves, as the engine's owner; and what the front served."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        sql = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        try:
            status, data = 200, ENGINE.query(sql, "JSONCompactEachRow").bytes() if sql else json.dumps(served).encode()
        except Exception as error:
            status, data = 500, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


for port, secure in ((CONFIG["plainPort"], False), (CONFIG["port"], True)):
    server = Server(("127.0.0.1", port), Front)
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CONFIG["cert"], CONFIG["key"])
        context.load_verify_locations(CONFIG["clients"])
        context.verify_mode = ssl.CERT_OPTIONAL
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", CONFIG["seedPort"]), Seed).serve_forever()
