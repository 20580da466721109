"""A SAML provider, pysaml2, for journeys.

python3 saml.py FOLDER; it prints its port. Its site is localhost, so it is another one than 127.0.0.1.
POST /test/sp with the service provider's metadata makes it known, POST /test/account with JSON adds or changes an
account: {"name": "ada", "attributes": {"email": ["ada@acme.example"]}}. POST /test/key gives it a new key; it signs
with the old one until then. The name at its sign-in form is that of the account. A session of its own makes it skip the
form, unless the request wants the person to prove again who they are.
"""

import base64
import html
import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

folder = sys.argv[1]
accounts = {}
state = {"key": 0, "sp": None, "server": None}


def new_key():
    state["key"] += 1
    base = os.path.join(folder, "key%d" % state["key"])
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=pysaml2 %d" % state["key"],
                    "-keyout", base + ".pem", "-out", base + ".crt"], check=True, capture_output=True)
    configure()


def configure():
    base = os.path.join(folder, "key%d" % state["key"])
    url = "http://localhost:%d" % port
    config = {
        "entityid": url + "/idp", "key_file": base + ".pem", "cert_file": base + ".crt", "xmlsec_binary": "/usr/bin/xmlsec1",
        "debug": False,
        "service": {"idp": {
            "name": "pysaml2", "endpoints": {"single_sign_on_service": [(url + "/sso", BINDING_HTTP_REDIRECT)]},
            "name_id_format": [NAMEID_FORMAT_PERSISTENT],
            "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None,
                                   "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}},
        }},
    }
    if state["sp"]:
        config["metadata"] = {"inline": [state["sp"]]}
    loaded = IdPConfig().load(config)
    state["metadata"] = str(entity_descriptor(loaded))
    state["server"] = Server(config=loaded)


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def say(self, text, kind="text/html; charset=utf-8", cookie=None, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(text.encode())

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()

    def do_POST(self):
        path, body = urlparse(self.path).path, self.body()
        if path == "/test/sp":
            state["sp"] = body
            configure()
        elif path == "/test/account":
            account = json.loads(body)
            accounts[account["name"]] = account
        elif path == "/test/key":
            new_key()
        elif path == "/login":
            form = parse_qs(body)
            return self.answer(form["request"][0], form["relay"][0], form["login"][0], fresh=True)
        self.say("", "text/plain")

    def do_GET(self):
        url = urlparse(self.path)
        query = parse_qs(url.query)
        if url.path == "/metadata":
            return self.say(state["metadata"], "application/samlmetadata+xml")
        if url.path != "/sso":
            return self.say("", "text/plain", status=404)
        request = state["server"].parse_authn_request(query["SAMLRequest"][0], BINDING_HTTP_REDIRECT).message
        relay, cookie = query["RelayState"][0], self.headers.get("Cookie", "")
        if "idp=" in cookie and request.force_authn != "true":
            return self.answer(query["SAMLRequest"][0], relay, cookie.split("idp=")[1].split(";")[0], fresh=False)
        self.say('<!doctype html><html lang="en"><title>pysaml2</title><form method="post" action="/login">'
                 '<input type="hidden" name="request" value="%s"><input type="hidden" name="relay" value="%s">'
                 '<input name="login" aria-label="Login"><button type="submit">Sign in</button></form></html>'
                 % (html.escape(query["SAMLRequest"][0]), html.escape(relay)))

    def answer(self, packed, relay, name, fresh):
        server = state["server"]
        request = server.parse_authn_request(packed, BINDING_HTTP_REDIRECT).message
        to, account = server.response_args(request, [BINDING_HTTP_POST]), accounts[name]
        if fresh:
            account["proven"] = int(time.time())
        response = server.create_authn_response(
            account["attributes"], in_response_to=to["in_response_to"], destination=to["destination"], sp_entity_id=to["sp_entity_id"],
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text="subject-" + name), sign_response=False, sign_assertion=True,
            sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256,
            authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": "pysaml2", "authn_instant": account["proven"]})
        packed = base64.b64encode(str(response).encode()).decode()
        self.say('<!doctype html><html lang="en"><title>pysaml2</title><form method="post" action="%s">'
                 '<input type="hidden" name="SAMLResponse" value="%s"><input type="hidden" name="RelayState" value="%s">'
                 '<button type="submit">Go on</button></form></html>'
                 % (html.escape(to["destination"]), packed, html.escape(relay)), cookie="idp=" + name)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
port = server.server_address[1]
new_key()
print(port, flush=True)
server.serve_forever()
