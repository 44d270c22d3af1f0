#!/usr/bin/env python3
"""hostile-registry.py - a registry over HTTPS that misbehaves on request.

    hostile-registry.py DIRECTORY CERT KEY

Serves every repository name with the same small image: one config, one gzip layer of ~40 MB of
incompressible bytes (so that transfers take several reads) and one small layer. The repository's name
says what goes wrong; "good" is served well. It prints its port, and logs one JSON line per request to
DIRECTORY/requests, so that a test can see what was sent (Range, whether there was an Authorization).

A second server ("elsewhere", another port) takes redirects and answers 200 only when it is given no
Authorization.
"""
import gzip, hashlib, http.server, io, json, os, random, ssl, sys, tarfile, threading, time, urllib.parse

directory, cert, key = sys.argv[1:4]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
counts = {}
uploads, sent, pushed, tokens = {}, set(), {}, {}
lock = threading.Lock()
log = open(os.path.join(directory, "requests"), "a", buffering=1)


def digest(b):
    return "sha256:" + hashlib.sha256(b).hexdigest()


def make_layer(name, size, level=1):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        info = tarfile.TarInfo(name)
        info.size = size
        t.addfile(info, io.BytesIO(random.Random(name).randbytes(size)))
    plain = out.getvalue()
    return plain, gzip.compress(plain, level, mtime=0)


def make_bomb(size):
    """A layer that inflates to much more than it is: zeros, and a DiffID that does not fit."""
    return gzip.compress(b"\0" * size, 9, mtime=0)


big_tar, big = make_layer("big", 40 << 20)
small_tar, small = make_layer("small", 100000)
config = json.dumps({"architecture": os.environ.get("HOSTILE_ARCH", "amd64"), "os": "linux", "config": {},
                     "rootfs": {"type": "layers", "diff_ids": [digest(big_tar), digest(small_tar)]}}).encode()


def descriptor(kind, b, **more):
    return {"mediaType": kind, "digest": digest(b), "size": len(b), **more}


LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"


def manifest(layers=None, conf=config):
    return {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, conf),
            "layers": layers or [descriptor(LAYER, big), descriptor(LAYER, small)]}


bomb = make_bomb(256 << 20)
blobs = {digest(b): b for b in (big, small, config, bomb)}
manifests = {
    "good": manifest(),
    "size-small": manifest([descriptor(LAYER, big) | {"size": len(big) - 1}, descriptor(LAYER, small)]),
    "size-large": manifest([descriptor(LAYER, big) | {"size": len(big) + 1}, descriptor(LAYER, small)]),
    "bomb": manifest([descriptor(LAYER, bomb), descriptor(LAYER, small)]),
    "not-a-layer": manifest([descriptor("text/plain", big), descriptor(LAYER, small)]),
    "many-layers": manifest([descriptor(LAYER, small)] * 10001),
    "one-layer": manifest([descriptor(LAYER, big)]),
    "deep": None, "huge": None, "not-json": None, "schema1": None, "no-platform": None, "endless-manifest": None,
}


def manifest_bytes(repo):
    if repo == "deep":
        return b'{"config":' + b"[" * 1000000 + b"]" * 1000000 + b"}"
    if repo == "huge":
        return b'{"schemaVersion":2,"x":"' + b"a" * (5 << 20) + b'"}'
    if repo == "not-json":
        return b"<html>\x1b[31mhello</html>"
    if repo == "schema1":
        return b'{"schemaVersion":1,"name":"x","tag":"y","fsLayers":[]}'
    if repo == "no-platform":
        return json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
            {"mediaType": MANIFEST, "digest": digest(config), "size": 1,
             "platform": {"os": "plan9", "architecture": "mips"}}]}).encode()
    return json.dumps(manifests.get(repo) or manifests["good"]).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    elsewhere = False

    def log_message(self, *a):
        pass

    def count(self, what):
        with lock:
            counts[what] = counts.get(what, 0) + 1
            return counts[what]

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code, message, **headers):
        self.answer(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), **headers)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        log.write(json.dumps({"path": self.path, "method": self.command, "range": self.headers.get("Range"),
                              "authorization": bool(self.headers.get("Authorization")),
                              "elsewhere": self.elsewhere}) + "\n")
        try:
            self.serve()
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def note(self):
        log.write(json.dumps({"path": self.path, "method": self.command, "range": self.headers.get("Content-Range"),
                              "authorization": bool(self.headers.get("Authorization")),
                              "elsewhere": self.elsewhere}) + "\n")

    def do_POST(self):
        self.note()
        repo = self.path.split("/")[2]
        if repo == "up-busy" and self.count("up-busy") <= 1:
            return self.error(429, "TOOMANYREQUESTS", "slow down", Retry_After="1")
        if repo == "up-away" and not self.headers.get("Authorization"):
            return self.error(401, "UNAUTHORIZED", "who?", WWW_Authenticate='Basic realm="hostile"')
        if repo == "up-denied":
            return self.error(403, "DENIED", "no pushing here")
        name = "u%d" % self.count("upload")
        uploads[name] = bytearray()
        host = "https://localhost:%d" % other.server_address[1] if repo == "up-away" else ""
        if repo == "up-plain":
            host = "http://localhost:1"
        if repo == "up-nowhere":
            return self.answer(202)
        self.answer(202, Location="%s/v2/%s/blobs/uploads/%s?_state=x" % (host, repo, name), Range="0-0")

    def upload(self):
        parts = self.path.split("?")[0].split("/")
        return parts[2], parts[-1], uploads.get(parts[-1])

    def do_PATCH(self):
        self.note()
        repo, name, got = self.upload()
        length = int(self.headers["Content-Length"])
        if got is None or (self.elsewhere and self.headers.get("Authorization")):
            self.rfile.read(length)
            return self.error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        if int(self.headers["Content-Range"].split("-")[0]) != len(got):
            self.rfile.read(length)
            return self.answer(416, Range="0-%d" % max(len(got) - 1, 0), Location=self.path)
        n = self.count("patch " + repo) if length >= 8 << 20 else 0
        if repo in ("up-cut", "up-forgets") and n == 1:
            got.extend(self.rfile.read(length // 2))
            if repo == "up-forgets":
                del uploads[name]
            self.close_connection = True
            return self.connection.close()
        got.extend(self.rfile.read(length))
        if repo == "up-expires" and n == 1:
            del got[-length:]
            return self.error(401, "UNAUTHORIZED", "token expired", WWW_Authenticate=
                              'Bearer realm="https://localhost:%d/token",service="hostile"' % main.server_address[1])
        self.answer(202, Location=self.path, Range="0-%d" % (len(got) - 1))

    def do_PUT(self):
        self.note()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "/manifests/" in self.path:
            pushed[self.path] = body
            return self.answer(201, Docker_Content_Digest=digest(body))
        repo, name, got = self.upload()
        want = self.path.split("digest=")[1].split("&")[0]
        if got is None or digest(bytes(got)) != want or repo == "up-refuses":
            return self.error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        sent.add((repo, want))
        self.answer(201, Docker_Content_Digest=want)

    def serve(self):
        if "/blobs/uploads/" in self.path:
            got = self.upload()[2]
            if got is None:
                return self.error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
            return self.answer(204, Location=self.path, Range="0-%d" % max(len(got) - 1, 0))
        if self.path.startswith("/v2/up-") and "/blobs/" in self.path:
            there = (self.path.split("/")[2], self.path.split("/")[-1]) in sent
            return self.answer(200) if there else self.error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        path = self.path.split("?")[0]
        if path == "/token":
            ask = urllib.parse.parse_qs(self.path.partition("?")[2])
            # "strict" and "expiring": one token a scope; what it is good for is in it.
            if ask.get("scope", [""])[0].split(":")[1:2] in (["strict"], ["expiring"]):
                if ask.get("service") != ["hostile"]:
                    return self.error(401, "UNAUTHORIZED", "another service")
                name = "%s %d" % (ask["scope"][0], self.count("token"))
                tokens[name] = 0
                return self.answer(200, json.dumps({"access_token": name, "expires_in": 60}).encode())
            return self.answer(200, json.dumps({"token": "t%d" % self.count("token"), "expires_in": 60}).encode())
        if path == "/v1/search":
            return self.answer(200, json.dumps({"num_results": 2, "results": [
                {"name": "busy", "description": "b\x1b[31m" + "o" * 60, "star_count": 7, "is_official": True},
                {"name": "team/busy", "description": ""}]}).encode())
        if path.endswith("/tags/list"):
            return self.tags(path.split("/")[2])
        parts = path.strip("/").split("/")
        if len(parts) < 4 or parts[0] != "v2":
            return self.error(404, "NAME_UNKNOWN", "repository name not known to registry")
        repo, kind, what = parts[1], parts[-2], parts[-1]
        if self.elsewhere:
            if self.headers.get("Authorization"):
                return self.error(400, "UNSUPPORTED", "credentials came to another host")
            return self.blob(repo, what)
        if not self.authorized(repo):
            return
        return self.manifest(repo, what) if kind == "manifests" else self.redirect_or_blob(repo, what)

    def tags(self, repo):
        last = int(self.path.split("last=")[1]) if "last=" in self.path else 0
        link = '</v2/%s/tags/list?n=2&last=%d>; rel="next"' % (repo, last + 2)
        if repo == "tags-away":
            link = '<https://localhost:%d/v2/x/tags/list>; rel="next"' % other.server_address[1]
        names = ["t%d" % n for n in range(last, last + 2)] + ["bad tag\x1b"]
        if repo == "tags-junk":
            return self.answer(200, b"[" * 100000)
        if last < 4 or repo in ("tags-endless", "tags-away"):
            return self.answer(200, json.dumps({"name": repo, "tags": names}).encode(), Link=link)
        self.answer(200, json.dumps({"name": repo, "tags": names}).encode())

    def authorized(self, repo):
        scope = 'Bearer realm="https://localhost:%d/token",service="hostile",scope="repository:%s:pull"' % (
            self.server.server_address[1], repo)
        auth = self.headers.get("Authorization")
        if repo in ("token", "away") and not auth:
            self.error(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=scope)
            return False
        if repo == "token-expires" and self.count("expiry" + self.path) % 2:
            self.error(401, "UNAUTHORIZED", "token expired", WWW_Authenticate=scope)
            return False
        if repo in ("strict", "expiring"):
            # An expiring token is good for two requests only.
            name = (auth or "").partition("Bearer ")[2]
            if name not in tokens or not name.startswith("repository:%s:pull" % repo) or (repo == "expiring" and tokens[name] >= 2):
                self.error(401, "UNAUTHORIZED", "token expired", WWW_Authenticate=scope)
                return False
            tokens[name] += 1
        if repo == "denied":
            self.error(403, "DENIED", "requested access to the resource is denied\x1b[2J")
            return False
        if repo == "bad-challenge":
            self.error(401, "UNAUTHORIZED", "no", WWW_Authenticate='Bearer realm="http://localhost:1/token')
            return False
        if repo == "plain-realm":
            self.error(401, "UNAUTHORIZED", "no", WWW_Authenticate='Bearer realm="http://localhost:1/token"')
            return False
        return True

    def manifest(self, repo, what):
        b = manifest_bytes(repo)
        if repo == "busy" and self.count("busy") <= 2:
            return self.error(429, "TOOMANYREQUESTS", "slow down", Retry_After="1")
        if repo == "busy-long":
            return self.error(429, "TOOMANYREQUESTS", "slow down", Retry_After="86400")
        if repo == "ill" and self.count("ill") <= 2:
            return self.answer(503, b"<html>bad gateway</html>")
        if repo == "dead":
            return self.answer(500, b"")
        if repo == "loop":
            return self.answer(307, Location=self.path)
        if repo == "downgrade":
            return self.answer(307, Location="http://localhost:1/")
        if repo == "wrong-manifest":
            return self.answer(200, b, Content_Type=MANIFEST, Docker_Content_Digest="sha256:" + "0" * 64)
        if repo == "headers":
            return self.answer(200, b, **{"X_%d" % i: "x" * 60000 for i in range(50)})
        if repo == "endless-manifest":
            self.send_response(200)
            self.send_header("Content-Type", MANIFEST)
            self.end_headers()
            while True:
                self.wfile.write(b" " * 65536)
        kind = "application/vnd.oci.image.index.v1+json" if repo == "no-platform" else MANIFEST
        self.answer(200, b, Content_Type=kind, Docker_Content_Digest=digest(b))

    def redirect_or_blob(self, repo, what):
        if repo == "away":
            return self.answer(307, Location="https://localhost:%d%s" % (other.server_address[1], self.path))
        return self.blob(repo, what)

    def blob(self, repo, what):
        b = blobs.get(what)
        if b is None:
            return self.error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        large = len(b) > 1 << 20
        if large and repo == "wrong-bytes":
            b = b[:-1000] + b"\0" * 1000
        if large and repo == "missing-blob":
            return self.error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        if large and repo == "missing-beside-slow":
            beside.wait(20)
            time.sleep(0.1)
            return self.error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        first = 0
        r = self.headers.get("Range")
        if r and repo not in ("no-range", "cut-no-range"):
            first = int(r.split("=")[1].split("-")[0])
        headers = {"Content_Length": str(len(b) - first), "Content_Type": "application/octet-stream"}
        if first or (r and repo not in ("no-range", "cut-no-range")):
            start = first + 5 if repo == "wrong-range" else first
            headers["Content_Range"] = "bytes %d-%d/%d" % (start, len(b) - 1, len(b))
            status = 206
        else:
            status = 200
        if repo in ("size-small", "endless") and large:
            headers.pop("Content_Length")
            headers["Content_Length"] = str(1 << 40)
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.body(repo, b, first, large)

    def body(self, repo, b, first, large):
        if large and repo in ("cut", "cut-no-range", "wrong-range") and self.count(repo) <= 2:
            self.wfile.write(b[first:first + (12 << 20)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        if large and repo == "always-cut":
            self.wfile.write(b[first:first + 1000])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        if large and repo == "slow":
            for at in range(first, len(b), 256 << 10):
                self.wfile.write(b[at:at + (256 << 10)])
                time.sleep(0.05)
            return
        if not large and repo == "missing-beside-slow" and b is not config:
            self.wfile.write(b[first:first + len(b) // 2])
            self.wfile.flush()
            beside.set()
            time.sleep(3600)
        if large and repo == "stops":
            self.wfile.write(b[first:first + (20 << 20)])
            self.wfile.flush()
            time.sleep(3600)
        self.wfile.write(b[first:])
        while large and repo == "endless":
            self.wfile.write(b"\0" * 65536)


beside = threading.Event()


class Elsewhere(Handler):
    elsewhere = True


def start(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


other = start(Elsewhere)
main = start(Handler)
with open(os.path.join(directory, "port.new"), "w") as f:
    f.write("%d\n" % main.server_address[1])
os.rename(os.path.join(directory, "port.new"), os.path.join(directory, "port"))
threading.Event().wait()
